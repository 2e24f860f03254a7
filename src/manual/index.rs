//! The index: what it is, what it is not, and how it is kept.
//!
//! # Derived, never evidence
//!
//! The log proves; the index finds. It is fed from leaves and annexes and knows nothing else; every row carries the index of its entry, by
//! which the entry is read and proven: `audit show` does so with everything it prints. Nobody signs the index, and nothing in an evidence
//! file comes from it. Lose it, and `phohien audit reindex` builds it again.
//!
//! Whoever has a copied log folder and nothing else needs no index: with `--log DIR` the same commands read the log itself, slower, with the
//! same answers.
//!
//! # What a row holds
//!
//! Index, time, number in the agency's chain; agency, kind, service, operation, agreement, purpose, stage, reason, hop, status; how many
//! events a summary stands for; the certificate's issuer, serial number and public key hash; the exchange's id. From the annex: the
//! provider's result code, and three marks. Nothing else of an annex, and nothing of a payload, of which the log has none.
//!
//! A **mark** is `HMAC-SHA-256(key of the year, label LF value)`, its first 16 bytes; the label is `case`, `user` or `subject`. The key is that of
//! the calendar year (UTC) in which the exchange began: 32 random bytes in `keys/subjects/<year>.key`, made when first needed, never under
//! the log and never in the index. Whoever asks for a person gives the value, and it is looked for under every year's key. The case number
//! is a mark too: in clear it would tell a person's business to everybody who sees the index, a database's operator among them.
//!
//! # How it is fed
//!
//! The gateway has a feeder that reads the log from the index's cursor on, as any reader does. No exchange waits for it, and what is held is one
//! batch. The cursor (the log's origin, the index that follows, the leaf hash of the entry before) is written in one transaction with the rows: a
//! crash loses nothing and doubles nothing. When it begins, the leaf before the cursor is held against the log: an index of another log, or
//! of another past of this one, is refused. One process at a time has the turn to feed (a lock on `index/feeding`, or an advisory lock of the
//! database); a command of the operator waits for the gateway that has it, or feeds what is new itself. `phohien_index_lag_entries` tells how
//! many entries the index does not have yet.
//!
//! # What is forgotten
//!
//! When a month's key is destroyed, what its annexes told is taken out of the index: the marks and the result codes of its rows, in the
//! file's free pages too (`secure_delete`). An index built later is built from that month's leaves alone. Who asks for a person or a case is
//! told how many annexes in that time could not be searched.
//!
//! # In a file
//!
//! `index/index.sqlite`: SQLite with a write-ahead file, `synchronous=NORMAL`, since the log is the truth. The order of the log is the order of
//! time, so a span of time is a span of indices, found by halving; pages are cut by it and stay as they were cut. `entries` has a row for each
//! entry, in that order. `postings` tells where an agency, an exchange, a case, a user or a subject occurs; its rows are ordered by blocks of
//! 131,072 entries first, so that however random the keys are, only the newest block's pages are written; a question looks once into each
//! block. Texts are numbers, told by `words`. There is no other index: a question for nothing but, say, a reason reads the rows of its span.
//!
//! # In PostgreSQL
//!
//! `[index] postgres = "…"`: several nodes in one database, each log under its origin, in tables that an auditor may also ask by SQL (`logs`,
//! `entries`). Commands ask about their own log. A database on another machine is
//! reached by TLS: `postgres_anchors` names who vouches for it, its name is verified, and it is not spoken to otherwise, whatever `sslmode`
//! says. Without anchors only a socket or a loopback address is taken.
