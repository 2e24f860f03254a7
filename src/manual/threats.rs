//! Who may try what, and which construct answers.
//!
//! Each threat is answered by something that exists: a type that cannot be forged, a check with a test, a number that bounds
//! what a stranger can make us hold. What is not answered stands at the end; `SECURITY.md` tells the same to those who run a
//! gateway.
//!
//! # A stranger on the network
//!
//! | tries to | is answered by |
//! |---|---|
//! | speak without a certificate, or with one of another CA, an expired or a revoked one | [`crate::listener`]: a client certificate is required, anchors are ours alone, revocation lists are enforced with their own expiry and never off by omission |
//! | pass for an agency by a subject, a common name, a second name | [`crate::identity`]: exactly one `urn:agency:` name, spelled in its one canonical way, and it must be in the registry; a [`crate::identity::Peer`] is made nowhere else |
//! | use the certificate of an agency that was merged away | a former code authenticates nobody; the refusal is recorded |
//! | resume a session whose certificate has been withdrawn since | no session survives its handshake; certificates are looked at again for every request |
//! | use a suspended certificate to read the receipts of the agency it was issued to | refused, and recorded, as any request by it: the salts in a receipt tell whom the agency asked about |
//! | open connections and say nothing, or say it slowly | caps on connections, on connections a source, on handshakes at once; a time-out for each phase |
//! | fill the log by knocking | what fails before there is a recorded refusal is counted and summed up once a second: [`crate::audit`] |
//! | learn which services exist | without any agreement with a service the refusal is one constant, whether the service exists or not |
//!
//! # An agency with a certificate
//!
//! | tries to | is answered by |
//! |---|---|
//! | send a request that two programs read differently | [`crate::request`]: one canonical target, authority and header set, or a refusal; the platform is sent those bytes and no others |
//! | ask for what no agreement names | [`crate::policy`]: silence refuses; a [`crate::policy::Grant`] names agreement, version and clause |
//! | use a filter to learn a field it may not see | parameters name the catalogue field they filter on, and the scope decides |
//! | be given more than it may have | [`crate::disclosure`]: an allow-list of fields; what the catalogue does not know is withheld; what cannot be cut safely is not released at all |
//! | say it is somebody else toward the platform | headers toward platforms are an allow-list, and those we vouch for are set last |
//! | harvest | rates and in-flight slots, narrow before wide, per agreement, agency, service and gateway; quotas over restarts ([`crate::audit::charged`]) and over several gateways ([`crate::limits::shared`]): [`crate::limits`] |
//! | send a request again that another agency, or itself, has signed | where an agreement demands signatures, each counts for a minute, for this very request, and once: [`crate::identity::signed`], [`crate::gateway::nonces`] |
//! | be told a field by an answer that is cut midway, or a name before it is counted | [`crate::disclosure::Stream`]: nothing of a piece goes on before all of it was read and counted, and what breaks has no proper end |
//! | hold an answer open, or read it a byte a minute | one piece waits for it; a minute, and what it earns by reading, is all the time it gets |
//! | deny having asked, or having been answered | the record is durable before the first byte of the answer leaves; the receipt is signed and proves the entry |
//! | hang up to escape the record | the exchange runs in a task of its own with its places in the log reserved |
//!
//! # Somebody at the desk
//!
//! | tries to | is answered by |
//! |---|---|
//! | read the log by a certificate for exchanging, or exchange by one for reading | two sockets, each with an authority of its own; a gateway whose desk trusts an authority of the exchange does not start; a [`crate::identity::Visitor`] is no [`crate::identity::Peer`] |
//! | see what its roles do not name | [`crate::console::access`]: one table; no role that fits is one constant refusal, and another agency's entry looks like one that is not there |
//! | look without being seen | what shows entries goes out as [`crate::audit::reading::Shown`], which only a durable `audit.read` makes; also that nothing was found |
//! | learn about a person from the record of a reading | the leaf names only by what was looked for; the values are sealed |
//! | guess a person with the salts of others' commitments | salts are told to the caller they belong to, and to no auditor |
//! | change something | nothing but GET and HEAD is answered |
//! | make an auditor's browser ask in the auditor's name | what another site's page asks for is refused by its Fetch Metadata |
//! | fill the log by reading | so many answers at once, so many requests a minute for each agency |
//!
//! # A platform
//!
//! | tries to | is answered by |
//! |---|---|
//! | answer with broken framing, a compressed body, JSON with duplicate keys | withheld, 502, hop `platform` |
//! | add a field tomorrow that nobody agreed to | it is not in the catalogue, so it does not leave |
//! | tell everything about a person before it says who they are, piece by piece | a streamed record waits until everybody in it is counted; one that cannot be held ends the answer |
//! | hang | time-outs for connection, head and body; 504, and the gateway says that it is well itself; of a streamed answer, time that grows with what it has sent, at a kilobyte a second |
//! | be asked by somebody who is not the gateway | requests are signed by the key that signs answers: [`super::platforms`] |
//! | answer 200 with an error inside | the service names where the platform's own code stands; the annex holds it |
//!
//! # Whoever can write to the gateway's disk
//!
//! | tries to | is answered by |
//! |---|---|
//! | change, remove, insert or reorder entries | the tree, each agency's chain and the signed heads: `phohien audit verify` reads every byte with code of its own, and names the entry and the file |
//! | change an annex | its hash stands in the leaf |
//! | cut the log's end off, or replace the whole by another with the same key | shown by any checkpoint or receipt held elsewhere (`--known`); not shown by the folder alone. With witnesses the gateway itself does not start on it: [`crate::server::guard`] asks them before anything is signed |
//! | show one history to some and another to others | a witness keeps the newest head it cosigned before it answers, and cosigns only what is proven to hold it: [`crate::tlog::witness`]. Whoever demands a cosignature sees one history |
//! | play an old cosignature again, so that an old state passes for the newest | a cosignature says when it was made; at the start one that is more than five minutes from our clock is no answer |
//! | keep the witnesses from being asked | while none answers nothing is exchanged, unless the operator says so, which `node.started` records; from then on how far each is behind is a metric and an alarm |
//! | put an older revocation list back, so that what was revoked since is good again | a list with a lower number, or issued earlier, does not follow the one that was in force, at a reload or at a start: `keys/revocation.seen`. Who can write there too, can take that file away |
//! | read people out of the log | leaves name no person; annexes are sealed under the month's key, which never lies under the log |
//! | make a failed write look well | a write or sync that fails poisons the log for the life of the process: 503, nothing is exchanged |
//!
//! # What is not answered
//!
//! * **The operator with root** holds the keys: the log's, the answers', the months', and the gateway's credential at the platforms.
//!   Such a person can sign a second history. Checkpoints and receipts held by others expose it; without them nobody can.
//! * **Without witnesses** an older state of the folder that is put back is not noticed at the start, and the gateway would sign a
//!   second history on it. Every such start says `unwitnessed` in the log.
//! * **What a witness has not seen yet** (a second's entries, more while it is away) can be cut off unseen by it; receipts show it.
//! * **All witnesses together with the operator** can cosign a second history. Choose them where nobody can order all of them.
//! * **A witness that lies** about what it has seen keeps a gateway from starting. Take it out of the configuration, and say so.
//! * **A witness whose folder was put back** has forgotten what it saw. It is told not to, and cannot know.
//! * **Agreements need not be signed** unless the configuration requires it: then [`crate::policy::signed`] judges the parties' signatures,
//!   and whose certificates are believed stands in `log.opened`. The operator's own credential at a platform stays out of its reach.
//! * **Requests need not be signed** where an agreement does not say so: that an agency asked rests on its TLS client certificate then.
//! * **Reading the folder itself**, with the operator's right on the machine, is not recorded; only what goes over the desk is.
//! * **An agency's own machine** is not ours to defend: whoever holds its key is that agency until its certificate is revoked or
//!   suspended.
//! * **A platform's data** is passed on as it is: the gateway does not know whether it is true.
//! * **Volume**: many addresses at once, each within its caps, are a matter for the network before the gateway.
