//! Figures: what was asked of this program, what was seen, and the command that shows it.
//!
//! Seen on 26 November 2026 on an otherwise idle virtual machine: two cores (AMD EPYC, with SHA and AVX-512 instructions), 24 GB, ext4 on a virtio
//! disk, Linux 6.18, Rust 1.95.0. Every command prints its raw counts and verifies what it wrote; none asserts a figure. What a
//! row measures, and what makes a run fail, is told in `benches/README.md`.
//!
//! # The log
//!
//! | what | asked | seen | command |
//! |---|---|---|---|
//! | append, 256 writers, entries of 800 bytes, each answered durable, with index, path and signed head | 10 % of the rate at which one core hashes them (SHA-256) | 239,384 and, hours before, 291,066 entries/s: 11.1 % of 2,147,985/s, 13.3 % of 2,185,604 | `cargo bench --bench append` |
//! | one writer, median | 2 × one `fdatasync` of 4 KiB on the same disk | 118 µs: 1.45 × a pre-zeroed one (81 µs), 0.85 × a growing one (138 µs); hours before 119 µs: 1.08 × 110 µs | the same |
//! | bundles, sealed | half of the entries' bytes | 0.222 | the same |
//! | log with tiles | 1.2 × the entries' bytes | 0.276: bundles 0.222, tiles 0.040, what is not sealed yet 0.014 | the same |
//! | start after SIGKILL, 10,094,814 entries | 2 s | 1.73 s until its first entry is taken; peak 216 MiB | `cargo bench --bench recover -- 10000000` |
//! | `audit verify`, a core, of a sealed log | half of the rate at which a core hashes the same bytes | 0.54: 963 MB/s of 1,770, the middle of three rounds; 0.51 to 0.57 in six | `cargo bench --bench fsck` |
//! | index fed, one core | 10,000 exchanges/s | 91,536/s of records; 79,601/s out of a log | `cargo bench --bench index` |
//! | index of 10 million records, 99th percentile: agency and hour, case number, data subject | 100 ms | 1.2 ms, 2.5 ms, 2.6 ms | the same |
//! | its memory | 300 MiB | 101 MiB | the same |
//!
//! How verifying an entry of 2.7 KB (leaf and annex, 1.5 µs to hash by ring alone) takes 2.7 µs: leaves, annexes and nodes are hashed two at
//! a time (1.0 µs), its leaf is unpacked by a reader made for it (0.75 µs), read by the shape of one before (0.25 µs), and what it says is
//! followed in rows of few bytes (0.35 µs); the system reads its files (0.25 µs). `benches/README.md` says what each step gave.
//!
//! # The field filter
//!
//! | what | asked | seen | command |
//! |---|---|---|---|
//! | the `dan-cu` sample, as agreement TT-2026-001 has it | 1 GB/s | 1,113 MB/s; fields kept and withheld otherwise: 1,029 to 1,238 | `cargo bench --bench filter` |
//! | 1 GiB of it in one array, from a pipe: `VmHWM` | 16 MiB | 4.0 MiB | the same |
//! | a thousand different citizens | | 993 MB/s | the same |
//! | nothing but numbers; nothing but deep nesting; nothing but tiny keys | | 1,027; 649; 343 to 509 MB/s | the same |
//!
//! # Agreements, limits, reload
//!
//! | what | asked | seen | command |
//! |---|---|---|---|
//! | 10,000 agreements, 1,600 agencies, 11,643 files: loaded and checked | 1 s | 0.36 s from memory, 0.48 s from a folder | `cargo bench --bench pure` |
//! | a decision among them, granted; a stranger's, refused | 2 µs | 0.80 µs; 0.04 µs | the same |
//! | a decision of the example's kind | | 0.15 µs | the same |
//! | from saving a suspension to the first refusal on an open connection, 20 runs | 1 s | median 194 ms, longest 401 ms | `cargo bench --bench reload` |
//! | the same among a nation's 10,000 agreements, 10 runs | 1 s | median 324 ms, longest 451 ms | the same |
//! | reload of the example province | 100 ms | median 2.0 ms, longest 2.5 ms; of a nation 648 and 767 ms | the same |
//! | 100 reloads under load | no exchange fails | 552 answers meanwhile, all 200 | the same |
//! | two gateways on one Redis, which is killed and restarted empty midway | never more than the quota | `granted 400 of quota 400` | `cargo test --test redis -- --nocapture` |
//!
//! # Streamed answers
//!
//! | what | asked | seen | command |
//! |---|---|---|---|
//! | `VmHWM` of the whole gateway that answers with 1 GiB of the `dan-cu` sample, cut; a debug build | bounded | 45 to 48 MB; with 256 MiB 38 to 40 MB | `STREAM_MIB=1024 cargo test --test streams an_answer_of_any_size -- --nocapture` |
//! | by how much it grows while a caller does not read 256 MiB | bounded | 1.9 MiB (HTTP/1.1), 0.1 MiB (HTTP/2) | `cargo test --test streams a_caller_that_does_not_read -- --nocapture` |
