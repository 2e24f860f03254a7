//! For the owner of a data platform: how to know that a request came through the gateway, from whom, and on which ground.
//!
//! A platform that answers whoever reaches its port trusts the network. One that verifies the gateway's signature trusts a key: a
//! machine beside the gateway, or a copy of its TLS certificate, gets nothing.
//!
//! # What to have
//!
//! The gateway's public key, `log.answer.pem`, from its operator, by a way other than the network: it is the key by which answers are
//! signed, and the log's first entry names it (`log.opened`, `answer_keys`). When it is exchanged, so is this.
//!
//! # What to check, in this order
//!
//! 1. `Signature-Input` has one member `phohien`; its `tag` is `phohien/1`, its `keyid` the unpadded base64url of the SHA-256 of the key's
//!    SubjectPublicKeyInfo, its `created` no more than a minute from your clock.
//! 2. The list covers `@method`, `@authority`, `@path`, `@query`, every `exchange-` header of the request, and, if there is a body,
//!    `content-digest` and `content-type`. **A header that is not covered was not stated by the gateway**: refuse the request.
//! 3. `Content-Digest` is the body's.
//! 4. The signature (`Signature`, member `phohien`) verifies over the base of RFC 9421 2.5.
//! 5. `Exchange-Id` did not come before: a request that is sent again after a broken connection has the same one, so that of two within the
//!    minute one is enough. Whoever records requests in someone's wire can send nothing new with them.
//!
//! The base is one line for each covered component, in the order of the list, `"name": value`, and last `"@signature-params": ` with the
//! member's text as it was sent; a line feed between lines, none at the end. `@authority` is `Host` in lower case, without the port of the
//! scheme; `@path` and `@query` (`?` and the query; `?` alone if there is none) as they arrive.
//!
//! # By hand
//!
//! With the base in `base` and the signature's 64 bytes in `raw`. OpenSSL takes an ECDSA signature as DER, so the two halves are put into it:
//!
//! ```text
//! r=$(head -c 32 raw | xxd -p -c 64); s=$(tail -c 32 raw | xxd -p -c 64)
//! printf 'asn1=SEQUENCE:s\n[s]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "$r" "$s" > signature.cnf
//! openssl asn1parse -genconf signature.cnf -noout -out signature.der
//! openssl dgst -sha256 -verify log.answer.pem -signature signature.der base
//! ```
//!
//! With an Ed25519 key: `openssl pkeyutl -verify -pubin -inkey log.answer.pem -rawin -in base -sigfile raw`.
//!
//! # What it does not say
//!
//! That the agency itself asked: the gateway says so, and keeps the agency's own signature beside its record where the agreement demands one
//! (`signed_requests`). That the person named in `Exchange-User` exists: the agency says so.
