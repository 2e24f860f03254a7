//! A committed outcome becomes the signed answer. Nothing else makes one.
