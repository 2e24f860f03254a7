//! Why it is built like this, and what was left out for it.
//!
//! # The order of the modules is the order of the data
//!
//! A newcomer reads two dozen lines of `lib.rs` and knows which room to enter. A module names only modules listed above it; a test
//! holds that. There is no error type for the whole crate: each stage has its own, and one exhaustive match chooses the HTTP status.
//!
//! # What is forgotten does not compile
//!
//! Each stage returns a value that only it can make and the next takes by value. A relay that was not cleared, an admission used
//! twice, an answer that was not recorded are type errors, and doc tests try to forge each.
//!
//! # Record first, answer second
//!
//! An answer leaves after its record is durable. One frame, one sync and one signed head a batch: everybody who waits shares the price
//! of one sync, so a busy gateway pays less for each exchange than an idle one.
//! *Left out:* asynchronous logging, which is faster and proves nothing about the answer that left before a crash.
//!
//! # When the log cannot be written, nothing is exchanged
//!
//! 503 for everyone. *Left out:* a mode that goes on without a record. A failed sync is never tried again: after it nobody knows what
//! the disk holds, and a second sync that succeeds says nothing about the first.
//!
//! # A tree, not a chain of hashes alone
//!
//! A chain shows that nothing was changed to whoever reads all of it. A Merkle tree (RFC 6962) lets an agency prove one entry by a
//! few hashes without seeing the others'. Each agency has a chain of its own besides, so that its entries can be handed over whole.
//! *Left out:* a blockchain. There is one writer; what is needed is that the writer cannot lie unnoticed, and that is signed heads held
//! by others.
//!
//! # The leaf proves, the annex tells
//!
//! The law asks to keep the log and to forget people. Leaves name nobody; annexes are sealed under the month's key. Without the key
//! annexes are noise and every proof stays valid. Commitments are salted: a citizen's number has so few possibilities that a plain hash
//! of it would be the number.
//!
//! # The witnesses are asked before the first signature
//!
//! A backup that was put back is whole and signed; no look at it tells that it is old. So at a start nothing is recorded before a witness
//! has said that this is the log it knows, and one that knows another stops the start. While none answers the gateway waits: what was
//! signed on a wrong history cannot be taken back, and a wait can. The operator may choose otherwise, and the log says so.
//! From then on they follow by a second, on their own: a cosignature before the answer would put every exchange behind the slowest witness.
//! *Left out:* cosignatures in `checkpoint` itself. It is the log's own word, written by the log alone; what others add stands beside it.
//!
//! # No code in an agreement
//!
//! Agreements are typed TOML without expressions, so "who can reach this field?" has an exact answer by enumeration.
//! *Left out:* policy languages. They say more, and what they say can only be tried, not listed.
//!
//! # Field removal, never masking
//!
//! What is not agreed is not there. Stars in a value tell its length and invite the question how they were made.
//!
//! # Adopted formats, own code for the log
//!
//! Notes, checkpoints and proofs are C2SP's, so others' tools read ours. The code is ours, because it is what the product is.
//!
//! # TOML, folders, one process
//!
//! A province exchanges about ten messages a second at its peak. One process, one folder of files that can be reviewed like source,
//! no database in the way of an exchange.
//!
//! # Reading is a second socket
//!
//! Whoever may ask a platform for data runs a machine; whoever may read the log is a person with a duty. They get certificates from
//! different authorities, so that neither kind opens the other's door, and a stolen one is worth less.
//! *Left out:* a provider's view of all that was asked of its services. Its platform is told who asks, and why, at each exchange; what the
//! gateway refused on the way is the business of the agency that was refused, and of auditors. An agency sees its own chain.
//!
//! # Readings stand in the reader's chain
//!
//! That an auditor read is the auditor's own deed: gapless in its own chain, and told to it like any agency's entries. A question about a
//! person names that person, so the leaf says only by which kind of value entries were looked for.
//!
//! # The demonstration sets a clock, serving never does
//!
//! Agreements have hours and end dates; the story must be the same at any hour of any year. Only deciding and limiting follow
//! the set clock: entries keep the machine's time, and `node.started` says that a clock was set.
