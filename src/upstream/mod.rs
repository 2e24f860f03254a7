//! What was cleared goes to the platform and comes back as a reply, or as a fault of that hop.
