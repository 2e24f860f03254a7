//! Files become settings of all the stages above.
