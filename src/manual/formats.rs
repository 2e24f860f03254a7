//! Every byte that goes onto the disk and into a receipt, as built.
//!
//! Formats that exist are adopted as they are: RFC 6962 (2.1) for hashing, C2SP signed-note and tlog-checkpoint for signed tree
//! heads, C2SP tlog-proof for proofs, RFC 9421 and RFC 9530 for signed answers, RFC 9457 for problems. Below are the few that are ours.
//!
//! # The leaf
//!
//! One JSON object in UTF-8 without a line feed, its members sorted by name, at most 16 KiB. It is hashed and verified **as stored**;
//! nobody serialises it again. It says nothing about a person.
//!
//! | member | in | says |
//! |---|---|---|
//! | `v` | all | `phohien/1` |
//! | `kind` | all | which of the kinds below |
//! | `at` | all | RFC 3339, UTC, milliseconds; never earlier than the entry before |
//! | `agency` | all | in whose chain it stands: the consumer, the reader, or the operator where nobody was recognized and for the node's own |
//! | `seq` | all | from 1, without a gap, in that agency's chain |
//! | `prev` | all but an agency's first | leaf hash of the entry before in that chain, hexadecimal |
//! | `exchange` | exchanges, readings | its id: a version 7 UUID |
//! | `unauthenticated` | some | true where nobody was recognized |
//! | `certificate` | exchanges, readings | `issuer`, `serial`, `spki` (SHA-256), `object` (the certificate, kept in `objects`), `path`, by what it was taken, kept there too: PEM, the authorities from its own issuer up, the anchor last, then the revocation lists of whoever issued it and them, in that order, as they were in force (none where revocation is off); what the handshake verified, not what the caller sent. Older entries have none |
//! | `service`, `operation` | exchanges | the service's id; method and path **template** |
//! | `agreement` | exchanges | `id`, `version`, `clause` (the permit, from 1) |
//! | `policy` | exchanges | hash of the policies in force when it began: by them it was decided. Refusals of older versions have none |
//! | `purpose`, `legal_basis` | exchanges | catalogue code; the agreement's legal basis |
//! | `signed_by` | signed requests | the name of the registered key by which the agency signed |
//! | `about` | refusals under an agreement | what the refusal names: a field of the catalogue, a header, a parameter that the service declares |
//! | `charged` | released exchanges | the calendar day, in the agreement's zone, to whose quotas it counts, and to whose month's; what has none counts towards none |
//! | `annex` | exchanges, readings | SHA-256 of the sealed annex |
//! | `commitments` | exchanges | label to commitment, hexadecimal |
//!
//! An unknown service, purpose or field is never copied from a request: to an agency without an agreement the leaf says
//! `no-agreement` and nothing of what was asked.
//!
//! | kind | says also |
//! |---|---|
//! | `log.opened` | `origin`; `answer_keys`, the SubjectPublicKeyInfo of the keys that sign answers, base64; `signers`, where agreements must be signed: the SHA-256 of each authority's certificate by which signatures are believed; `predecessor` if it follows another log: its `origin`, `size`, `root` (hexadecimal) and `vkey` |
//! | `log.closed` | `origin`; `successor`: `origin`, `vkey`. Nothing stands behind it, and no start continues the log |
//! | `keys.rotated` | the second entry of a log that follows another: `retired` and `key`, the verification keys of both; the private half of the first was destroyed; `retired_answer_key` and `answer_key` (SubjectPublicKeyInfo, base64) where the key that signs answers was replaced too |
//! | `quotas.carried` | directly behind `keys.rotated`, as many as it takes: `accounts`, what the log before had counted: `agency`, `agreement`, `day` (the last that counted), `today` and `month`, how many on it and in its month. Counting goes on from there; whoever has the log before finds the same numbers in its `charged` |
//! | `node.started` | `version`, `policy`; `unwitnessed`: no witness said at this start that this log is the one it has seen; `torn` (`index`, `bytes`) if recovery dropped a torn batch; `signers` as in `log.opened`, as of this start; `policy_clock` if a demonstration set one |
//! | `node.stopped` | a gateway ended on purpose |
//! | `node.ordered` | an operator gave an order at the desk: `asked` (`reload`, `drain`, `forget`), `certificate`; durable before it is carried out |
//! | `policy.changed` | `old`, `new` (the same where only what stands in `beside` changed), and `files`: name to SHA-256, each kept in `objects`; of a large set `listing` instead, the SHA-256 of the object that lists them. `beside`: other files that a reload replaced (certificates, authorities, revocation lists), kept in `objects` too. Where agreements must be signed, also at every start: `anchors`, the SHA-256 of each authority's certificate by which signatures are believed, kept there too; `signers`, of each agreement that is not out of force for want of them: `agreement`, `agency`, `certificate` (the signer's), `path` (by what it was taken when it signed, as a caller's) and `signature` (the CMS message), all kept there; of many `signers_listing` instead, the object that lists them, JSON. `changed`: what changed in words, `vi` and `en`. Durable before it takes effect: an exchange that had begun stands behind it under the `policy` it was decided by |
//! | `node.limits` | `store`: `lost`, from here on this gateway enforces its share of the limits, or `back`; `nodes`, how many gateways share them |
//! | `exchange.opened` | an effect may follow: an unsafe method (RFC 9110 9.2.1), or an operation marked `stream` |
//! | `exchange.released` | `status`; `scope`: `hash`, and `fields`, the pointers the grant names; `bytes` of the body if it was streamed |
//! | `exchange.refused` | `status`, `stage`, `reason` |
//! | `exchange.failed` | `hop` (`caller`, `gateway`, `platform`), `reason`, `status` if an answer was made; `bytes` of the body that had been handed to the connection if it was streamed |
//! | `exchange.aborted` | `bytes` of the body that had been handed to the connection when the caller left, or was cut off because it took them too slowly; of a streamed answer it is the outcome, and says what all exchanges say |
//! | `exchange.orphaned` | it was opened, and the gateway stopped before an outcome; written at the next start |
//! | `audit.read` | entries were shown at the desk: `question` (its kind), `view` (`everything`, or `own`), `filters` (names alone), `rows` |
//! | `month.forgotten` | `month` (UTC); `order`, the hash of the order; `signers`: `agency`, `certificate`, `signature` (both kept in `objects`), `spki` |
//! | `time.anchored` | `size` and `root` (base64) of the head that was stamped; `token`, kept in `objects`; `time`, the authority's |
//! | `refusals.summary` | `reason`, `count`, `first`, `last`: refusals that were counted instead of recorded one by one |
//!
//! # The annex
//!
//! What tells, and may one day have to be forgotten: one JSON object, sealed by AES-256-GCM under the key of the month (UTC) in which
//! the exchange began, the exchange id's sixteen bytes as associated data. Stored as nonce (12 bytes), ciphertext, tag (16); the leaf has its SHA-256.
//!
//! Members, each absent when not known: `case`, `source` (address), `user`, `subject`, `fields` (asked for by name), `code` (the platform's own result), `released` and
//! `withheld` (lists of `pointer`, `class`, `count`), `uncatalogued` (how many members the catalogue does not know), `hops` (`head_ms`,
//! `body_ms`), `digest` (SHA-256 of a streamed answer, as far as it went), `nonce` (of a signed request: SHA-256 of
//! `phohien-nonce/1 LF keyid LF nonce LF`), `signature` (`input` and `signature`, the two headers as sent), `limits`, `people` (whom it counts towards the quota of people with: a list of `day`, `marks`, keyed hashes of 16 bytes in
//! base64, at most 8 of them, and `more`, how many others). Of a reading: `source`; `case`, `user`, `subject` where entries were looked for by them; `asked`, the other values by
//! their names. Nowhere in the log: a payload, a raw path, a query, a token.
//!
//! # Commitments
//!
//! ```text
//! commitment = SHA-256("phohien-commit/1" LF label LF salt[32] data)
//! salt       = HMAC-SHA-256(key of the month, exchange id[16] label)
//! ```
//!
//! | label | data | whose is the salt |
//! |---|---|---|
//! | `request` | method SP target LF; `name: value` LF for each of `content-digest`, `content-type`, `exchange-case`, `exchange-fields`, `exchange-purpose`, `exchange-user` that was sent, in this order, of `exchange-fields` the pointers with a space between them; LF; body. Only where the body was read: not of what was refused before | the caller's |
//! | `answer` | the body released; of a streamed one what had been handed to the connection | the caller's |
//! | `reply` | the platform's body, as far as it was read | the provider's alone, or withheld fields could be guessed by it |
//! | `subject`, `user` | the data subject's and the end user's identifiers | the caller's |
//!
//! # The frame
//!
//! The log's folder holds `wal/<first index, 20 digits>.seg`. A segment is written full of zeroes before use; a batch of entries is one
//! frame in it, one write and one sync. Numbers are big-endian.
//!
//! | part | bytes | content |
//! |---|---|---|
//! | header | 8 | `89 50 48 4c 4f 47 0a 01`: the last is the version |
//! | | 8 | index of the first entry |
//! | | 4 | entries |
//! | | 4 | length of the body |
//! | | 4 | length of the note |
//! | | 32 | SHA-256 of the header of the frame before; zeroes for the first |
//! | | 4 | CRC32C of the sixty bytes above |
//! | body | | for each entry: leaf length (4), annex length (4), leaf hash (32), leaf, annex |
//! | note | | the signed checkpoint that holds these entries |
//! | trailer | 4 | CRC32C of all of the above |
//!
//! Only the last batch may be torn: every earlier one was synced before the next was written. Whatever else does not add up stops the
//! start, and is named by entry and file.
//!
//! # What is sealed
//!
//! Once 256 entries are full they move from segments to files of the C2SP tlog-tiles layout, which are written once: under another name,
//! synced, named, the folder synced, read back. Numbers are in groups of three digits: 1234067 is `x001/x234/067`.
//!
//! | file | content |
//! |---|---|
//! | `tile/<level>/<number>` | 256 hashes of 32 bytes, each over 256^level leaves; full tiles only |
//! | `tile/entries/<number>.gz` | gzip of: for each of 256 entries its length (2) and the leaf; full bundles only |
//! | `annex/<month>/<number>` | for each of the same 256 entries the length (2) and the sealed annex; length 0 where the entry has none, or has it in another month. The month (`2026-11`, UTC) is that in which the exchange began |
//!
//! Partial tiles lie nowhere: whoever asks for one gets the beginning of the full one, or what memory and segments have of it. `audit export
//! --tiles` writes the plain layout, bundles unpacked, partial tiles too.
//!
//! A segment is removed once all its entries are sealed, a snapshot of its end or later is durable, and a later segment has a frame: from
//! then on the sealed files are the truth. Segments go one after the other from the first, so that no stop leaves a hole.
//!
//! # The snapshot
//!
//! `heads/<size, 20 digits>`: what the writer knows after so many entries, written when a segment begins with that index; the newest two are
//! kept. Two lines: a JSON object with its members sorted, and the SHA-256 of that line with its line feed, hexadecimal.
//!
//! ```json
//! {"previous":"<SHA-256 of the header of the frame before>","root":"<over those entries>","size":4711,
//!  "state":{"agencies":{"H31.05":{"prev":"<leaf hash of its last entry>","seq":17}},"at":"<time of the last entry>",
//!           "charged":{"TT-2026-001":{"H31.05":{"day":"2026-11-26","month":305,"today":17}}},
//!           "policy":"<hash in force>","undecided":{"<exchange id>":"<agency>"}},"v":"phohien-heads/1"}
//! ```
//!
//! (One line on the disk.) A start takes the right edge of the tree from full tiles, the state from the newest whole snapshot, and replays
//! what segments there are: the tree from the first frame, the state from the snapshot's size. The first checkpoint it meets is signed
//! over all that was taken unread. A snapshot that is missing or changed gives way to the one before, or to the bundles: what it would say
//! follows from them, so that its absence is no fault. A sealed file of entries that the log does not have is one: the log was cut.
//!
//! `charged` counts the leaves that have that member, by agreement and agency: the last day, those of that day, those of its month. A leaf
//! with a later day begins a new day, and a new month where it is one. An earlier day of the same month counts to the month alone, one of
//! the month before to nothing; an earlier one still is a clock that had been ahead, and counting begins anew with it.
//!
//! People stand in no snapshot. Beside the keys: `people.key` (32 bytes, under which their hashes are made) and `people.counted`, sealed, who
//! was counted when the log had so many entries. Behind those, and where the file is missing, the annexes of the day are opened. `rates.left`
//! says in JSON what was left in the buckets of rates then; behind it, or for as long as a burst takes to come back, the leaves are read.
//! `log.begun` names the log whose first entries are durable: it is not begun again in an empty folder.
//! Beside these: `checkpoint`, the newest signed head, derived; `lock`; `objects/<sha256>`, what entries refer to.
//!
//! # Bits that mean nothing
//!
//! `phohien audit verify` finds every bit that was changed in a log's folder, and names the file, but for those that no reader looks at:
//! the two hints in a bundle's gzip header (how it was compressed, on which system) where they become another that is known, and what
//! makes a compressed stream (RFC 1951) unpack to the same bytes, such as the padding behind its last block. Behind the last batch
//! of the last segment, what is not zero may be a batch that a stop cut off: it is told, and is no fault unless a head promised more.
//! A test flips bits in every file of a small folder; `FLIP_STEP=1 cargo test --release --lib every_byte_of_every_file` in each of its bytes.
//!
//! # The tree, the checkpoint
//!
//! Leaf hash: SHA-256(00 || leaf). Node: SHA-256(01 || left || right). A checkpoint is a note:
//!
//! ```text
//! gw1.hungyen.example/2026
//! 130
//! <root, base64>
//!
//! — gw1.hungyen.example/2026 <base64 of key id[4] and Ed25519 signature[64]>
//! ```
//!
//! Key id: the first four bytes of SHA-256(name LF 01 public key). `log.vkey` beside the log is
//! `name+key id in hexadecimal+base64(01 public key)`.
//!
//! # What witnesses sign
//!
//! A cosignature (C2SP tlog-cosignature v1, Ed25519) is one more line of a checkpoint's note. Signed is
//! `cosignature/v1 LF time <seconds since 1970> LF` and the checkpoint's text; the line is
//!
//! ```text
//! — witness.thaibinh.example/1 <base64 of key id[4], seconds[8] and Ed25519 signature[64]>
//! ```
//!
//! Key id: the first four bytes of SHA-256(name LF 04 public key). `witness.vkey` in the witness's folder is
//! `name+key id in hexadecimal+base64(04 public key)`.
//!
//! A witness is asked by `POST <address>/add-checkpoint` (C2SP tlog-witness v1.0.0): `old <size> LF`, the consistency proof from that
//! size on (at most 63 hashes, base64, one a line), a blank line, the signed checkpoint. It answers
//!
//! | status | and | means |
//! |---|---|---|
//! | 200 | its signature line | it has kept this head for good, and cosigns it |
//! | 400 | | malformed, or the old size is above the new one |
//! | 403, 404 | | none of the keys it knows of this log signed; it does not know this log |
//! | 409 | `text/x.tlog.size`: a size and LF | the newest head it has cosigned has that size: ask from there |
//! | 409 | any other type | it has cosigned another root of this very size: there are two histories |
//! | 422 | | the proof does not lead from what it has cosigned to this head |
//! | 503 | | it could not keep a head, now or before, and cosigns nothing until somebody has looked |
//!
//! In the witness's folder: `witness.key` (0600), `witness.vkey`, `lock`, `heads/<SHA-256 of the origin, hexadecimal>` with the last
//! checkpoint it cosigned of a log, as the log signed it, and `seen`, the origins that have one, one a line, and a last line `end`. A
//! head is written before its cosignature is made (tmp, sync, rename, sync of the folder); a folder in which a head is missing, or not
//! signed by the log, is not opened.
//!
//! Beside a log: `witnessed/<key id, hexadecimal>` is the newest head which that witness has cosigned, a note with the log's own
//! signature and every cosignature on that head. Derived, but for what it proves to others: `checkpoint` stays the log's own.
//!
//! # The receipt
//!
//! In headers, with every recorded answer, refusals too: an RFC 9651 dictionary in this one spelling.
//!
//! ```text
//! Exchange-Id: 0199a1c2-…
//! Exchange-Receipt: origin="gw1.hungyen.example/2026", index=123, seq=17, size=130, root=:…:, signature=:…:, leaf=:…:
//! Link: </receipts/0199a1c2-…>; rel="receipt"
//! ```
//!
//! `signature` is the 64 bytes of the note's signature over the checkpoint text that `origin`, `size` and `root` make.
//!
//! As a document, `GET /receipts/<exchange id>`, for the agency in whose chain the entries stand, by a certificate that is not suspended:
//!
//! ```json
//! { "v": "phohien-receipt/1",
//!   "exchange": "0199a1c2-…",
//!   "entries": [ { "index": 123, "leaf": "<the leaf, byte for byte>", "proof": "<C2SP tlog-proof>" } ],
//!   "salts": { "answer": "<base64>", "request": "…", "subject": "…", "user": "…" },
//!   "consistency": [ { "from": 100, "path": [ "<base64>" ] } ] }
//! ```
//!
//! All proofs are under one head, the newest. With `?witnessed` (or `=1`; another value is refused, 400 `parameter`) it is the newest that all witnesses which are well have cosigned, and
//! the note in each proof carries their lines; until there is one that holds the exchange, the answer is 404. `?since=<size>[%2C<size>]` (at most four) adds `consistency`: for each size the path (RFC 9162 2.1.4)
//! which shows that the log of that head begins with the log of so many entries. A size the log never had gets none.
//!
//! `GET /receipts?after=<seq>` gives an agency its entries after that number, one `{"index", "leaf", "proof"}` a line, all under one head.
//! `&since=<size>[%2C<size>]` adds a last line, `{"size", "consistency": [{"from", "path"}]}`: the ways to that head.
//!
//! Receipts of a log that was closed for good are served on while its folder lies where `keys rotate` put it, under that log's last head and
//! by its own key. `GET /receipts?after=<seq>&log=<origin>` names the log that the number is of (each counts anew), and the last line has
//! `log` too; the portion that ends a closed log has `Link: </receipts?after=0&log=<origin of the next>>; rel="next"`.
//!
//! # The standing
//!
//! `GET /.well-known/exchange` tells an agency, over its own connection, what the gateway would say to it: `application/json`, `no-store`,
//! signed as every answer, without a record, charged to no quota. Names of members are English; each `text` and `name` has `vi` and `en`.
//!
//! ```json
//! { "v": "phohien-standing/1", "at": "…", "gateway": "<origin>", "agency": { "id": "H31.01.01", "name": {} },
//!   "certificate": { "serial": "…", "not_after": "…" },
//!   "shared": null, "agency_rate": null,
//!   "agreements": [ { "id": "TT-2026-001", "version": 1, "kind": "on_request", "service": {}, "provider": {}, "purposes": [],
//!     "legal_basis": [], "valid": { "from": "2026-01-01", "until": "2027-12-31" },
//!     "security_confirmation": { "on": "2026-09-01", "holds_until": "2027-03-01" }, "zone": "Asia/Ho_Chi_Minh",
//!     "standing": { "in_force": false, "reason": "agreement-suspended", "text": {} },
//!     "permits": [ { "clause": 1, "operations": [], "fields": [ { "pointer": "…", "class": "basic", "name": {} } ],
//!       "require": ["case"], "query": [], "body": [] } ],
//!     "signed_requests": false, "hours": [ { "days": ["mon"], "from": "07:00", "to": "18:00" } ],
//!     "limits": { "rate": { "requests": 100, "per_seconds": 60.0, "burst": 20, "left": 19, "full_in_seconds": 1.0 },
//!       "daily": { "limit": 20000, "left": 19999, "renews": "2026-11-27T00:00:00+07:00" }, "monthly": null, "people": null,
//!       "in_flight": { "limit": 8, "left": 8 }, "response_bytes": 1048576 },
//!     "contacts": { "business": "…", "technical": "…", "security": "…" } } ],
//!   "lapses_soon": [ { "what": "agreement", "agreement": "TT-2026-001", "last_day": "2026-12-10", "days": 14, "urgent": true, "text": {} } ] }
//! ```
//!
//! `lapses_soon` names agreements, security confirmations and the connection's own certificate (`what`: `agreement`, `security-confirmation`,
//! `certificate`) from thirty days before their last day on; from fourteen on they are urgent. What is null is not limited. `shared` is
//! null where this gateway has its limits to itself; `known`, what is left is left for all gateways that share them; `lost`, for this one.
//!
//! # The desk
//!
//! GET and HEAD over mutual TLS. A target has one spelling: in values everything but unreserved characters is percent-encoded. Every answer has
//! an `Exchange-Id` and is signed as below; what shows entries is an `audit.read` under that id.
//!
//! | path | gives |
//! |---|---|
//! | `/log.vkey`, `/checkpoint` | the log's key; its newest head, cosigned where witnesses are there |
//! | `/tile/<L>/<N>[.p/<W>]`, `/tile/entries/<N>[.p/<W>]` | C2SP tlog-tiles; bundles packed for whoever takes gzip |
//! | `/receipts/<id>[?since=…]`, `/audit/show/<id>` | the receipt, to an auditor without salts; of closed logs too |
//! | `/audit/show/<index>` | one entry with its proof: `{"index", "leaf", "proof"}` |
//! | `/audit/list`, `/audit/export` | rows of the index, one object a line; `order` (`oldest`, `newest`), `after` (an index), `limit` (1,000; 5,000) |
//! | `/audit/count` | `by` (names joined by commas): groups with `entries` and `events`, one object a line |
//! | `/audit/tail` | rows behind `after`; where there are none, waits up to `wait` (25) seconds for some |
//!
//! Filters, each once: `since`, `until` (RFC 3339), `agency`, `service`, `operation`, `agreement`, `purpose`, `outcome`, `reason`, `stage`, `hop`,
//! `status`, `exchange`, `certificate` (serial or SHA-256 of the key, lower-case hexadecimal), `case`, `user`, `subject`, `code`, `all=true`. `Desk-Next` is
//! the `after` with which to go on; `Desk-Unsearched`, how many annexes could not be searched; `Desk-Indexed`, how many entries the index had
//! come to where that was not all.
//!
//! # The answer's signature
//!
//! RFC 9421, label `phohien`, `tag="phohien/1"`, over `@status`, `content-digest`, `content-type`, `exchange-id`, `exchange-receipt`
//! of the answer and `@method`, `@authority`, `@path`, `@query`, `content-digest` of the request. Only fields can be absent; they are left out
//! of the list, never empty. `keyid` is the SHA-256 of the key's SubjectPublicKeyInfo, base64url without padding. A verifier demands
//! the whole list.
//!
//! # Streamed answers
//!
//! Of an operation marked `stream` the head tells no digest, receipt or signature: they are not known yet. To a caller that sent `TE:
//! trailers` the head announces them (`Trailer`) and they follow the body, covered as `"content-digest";tr` and
//! `"exchange-receipt";tr` (RFC 9421 2.1.4), the others as above; to every caller `/receipts/<exchange id>` proves the bytes by the
//! commitment `answer`. An answer that does not end with its last chunk, or END_STREAM, was cut short, and proves nothing: what was
//! found wrong stands in `exchange.failed`.
//!
//! Where people are counted by what such an answer says of them (`subjects_per_day`, and a `subject` in the answer), nothing of a record goes
//! out before everybody in it is counted. A record is an item of the outermost array on the way to the `subject`, else the whole answer; what
//! stands before the first goes out with it. One larger than the operation's `buffer` ends the answer: `undisclosable`.
//!
//! # Signed requests
//!
//! An agreement with `signed_requests` demands one RFC 9421 signature, label and `tag` free, over at least `@method`, `@authority`, `@path`,
//! `@query`, every `exchange-` header, and with a body `content-digest` (`sha-256`) and `content-type`; with `created` (60 seconds from the
//! gateway's clock at most), `nonce` (16 to 128 characters, used once) and `keyid`, the name under which the registry has the key
//! (`signing_keys` of the agency). `alg`, if it is there, is the key's; `expires`, if it is there, is to come. Other parameters, components
//! with parameters (`sf`, `bs`, `key`, `tr`, `req`), a second signature, `Signature-Input` over 1 KiB: it does not count. `ed25519`,
//! `ecdsa-p256-sha256` (raw `r || s`), `rsa-pss-sha512`. Whatever was signed, `content-digest` is held against the body.
//!
//! A signature is remembered as long as it would count, also over a restart; gateways that share their limits take `phohien:once:<agency>:<hash
//! of key and nonce>` in the store for two minutes, and take no signed request while it is lost. The answer covers the request's signature, whether it counted or
//! not: the fields that it covers (`;req`) and `"signature";req;key="<label>"`. Whoever has the request and the annex verifies by `signature`
//! that the agency asked.
//!
//! # Requests toward a platform
//!
//! Whatever the caller sent under these names is removed; then the gateway states `exchange-id`, `exchange-consumer` (the agency's code),
//! `exchange-agreement`, `exchange-purpose`, and, where the caller named them, `exchange-case`, `exchange-user`, `traceparent`; with a body
//! `content-digest` (SHA-256, RFC 9530). It signs by RFC 9421 with the key that signs answers (`log.answer.pem` beside the log), label
//! `phohien`, `created`, `keyid`, `tag="phohien/1"`, over
//!
//! ```text
//! ("@method" "@authority" "@path" "@query" "content-digest" "content-type" "traceparent" "exchange-…" …)
//! ```
//!
//! every `exchange-` header that is there, sorted, and of the three fields before them those that are there. How the owner of a platform
//! verifies that: [`super::platforms`].
//!
//! # Whom a verifier trusts
//!
//! `--trust FILE` takes `log.vkey` (keys, one a line), or a trust policy as C2SP tlog-policy writes it:
//!
//! ```text
//! log <vkey of the log> [<url>]
//! witness <name> <vkey of a cosigner> [<url>]
//! group <name> <k>|any|all <name>…
//! quorum <name>|none
//! ```
//!
//! A head is good if one of the logs signed it and the quorum's witnesses cosigned it. A line that is none of these, a name or key that is
//! there twice, a member of two groups, a second quorum or none: the file is refused whole.
//!
//! # The evidence file
//!
//! A zip, uncompressed, its files in the order of their names, at the zip's first time (1980): the same log and the same question give the same
//! bytes. Names are letters, digits and `.-_/`. A reader also takes deflated files; it refuses what is encrypted, a folder, a link, a name
//! twice or one that leads elsewhere, bytes around the files, more than 64 MiB, 10,000 files, 16 MiB in one of them or 256 MiB in all.
//!
//! | file | content | held against |
//! |---|---|---|
//! | `manifest.json` | `v` (`phohien-evidence/1`), `log`, `exchanges`, `files`: name to `bytes` and `sha256`; one spelling | every file; one that is not listed is an error |
//! | `SHA256SUMS` | the same for `sha256sum -c` | the files |
//! | `checkpoint` | the head of the case, a signed note with its cosignatures | the verifier's trust policy |
//! | `log.vkey`, `trust-policy.txt` | the exporter's | the first must be a key the verifier trusts; the second is for people |
//! | `entries/N.leaf`, `.proof` | a leaf byte for byte, and its C2SP tlog-proof under that head | the head |
//! | `entries/N.annex` | the sealed annex, with `--annex` | `annex` in the leaf |
//! | `entries/N.annex.json` | what it says | nothing: the exporter's word |
//! | `entries/N.LABEL.salt`, `.data` | 32 bytes, and the data, with `--disclose` | `commitments` in the leaf |
//! | `policy/M.leaf`, `.proof` | the `policy.changed` in force | the head; its `new` is the leaf's `policy` |
//! | `policy/M/agreements/…` | the agreement as it stood | `files` in that leaf, or the list below |
//! | `policy/M.listing` | the files of a large set: name to SHA-256, JSON | `listing` in that leaf |
//! | `certificates/HASH.der`, `.pem` | the caller's certificate, and by what it was taken | `certificate.object` and `.path` in the leaf, whose `agency` it must name; it must verify as of the time in the exchange's id, its anchor be one that the verifier trusts (`--anchors`) |
//! | `keys/K.leaf`, `.proof` | the entries that name keys which sign answers, with `--message` | the head |
//! | `messages/1.answer`, `.request` | HTTP messages as a party kept them (RFC 9112) | those keys; the receipt in it is of a proven entry |
//! | `anchor/A.leaf`, `.proof` | the first `time.anchored` that covers every entry | the head |
//! | `anchor/checkpoint.txt`, `token.der` | what was stamped, and the RFC 3161 token | the leaf; the token's imprint and signature |
//! | `anchor/consistency.txt` | `old <size>`, `new <size>`, a hash a line (RFC 9162 2.1.4) | from the stamped head to the case's |
//! | `README.txt`, `inclusion.sh` | how to do all this by hand | |
//!
//! A file that belongs to none of these is an error too, and so is one missing that an entry names: certificate, path, policies, agreement.
//!
//! # Forgetting a month
//!
//! The order, written by `audit forget --order-only` and signed as it is, byte for byte:
//!
//! ```json
//! {
//!   "v": "phohien-forget/1",
//!   "origin": "gw1.hungyen.example/2026",
//!   "month": "2026-10",
//!   "reason": "…",
//!   "at": "2026-12-02T01:00:00.000Z"
//! }
//! ```
//!
//! Each of two signatures is a CMS message (RFC 5652, DER) of its own: detached, one signer, its certificate inside, signed attributes, SHA-256, -384 or -512 with RSA from 2048 bits (PKCS #1 or PSS with a salt of the digest's length) or ECDSA on P-256 and P-384. The certificates are of two keys, lead to the operators' authority, and are of agencies with the role `operate`. The month has been over for a day.
//!
//! Then, each step durable before the next: order, signatures and certificates among the `objects`; `<month>.forgotten` beside the key (the members of the entry, JSON), under which the key is neither given out nor made again; the entry `month.forgotten`; the key overwritten with zeroes and taken away. A start that finds the mark and a key does the last two.
//!
//! A gateway that runs takes the order at its desk, from an operator: `POST /operate/forget`, `{"order":"<base64>","signatures":["<base64>","<base64>"]}`. It believes signers by the desk's authority, whose certificates it does not hold up, and answers once the key is destroyed: `{"destroyed":true,"month":"2026-10","recorded_before":false}`. Exchanges of the month that have no outcome yet keep it from doing so (409).
//!
//! # Anchors
//!
//! A time-stamp (RFC 3161) over the SHA-256 of a head's signed text: the three lines of the checkpoint with their line feeds, nothing else. Version 1, SHA-256, a nonce of 16 bytes, the certificate asked for. The token (CMS, DER) is taken if its imprint and nonce are ours, its certificate is for time-stamping alone and named by the signature (RFC 5035), is the configured one or issued below it, and its
//! time is within ten minutes of ours. It is kept in `objects`, and `openssl ts -verify -token_in -in TOKEN -data TEXT -CAfile CA` verifies it.
