//! Evidence: what a gateway did, proven by a file alone; a month forgotten by order; the log anchored in time. By the commands people use.

#[cfg(test)]
mod world;

#[cfg(test)]
mod bench {
    //! The commands, and an authority that stamps.

    use std::io::Read as _;
    use std::io::Write as _;
    use std::net::SocketAddr;
    use std::net::TcpListener;
    use std::path::Path;
    use std::path::PathBuf;
    use std::process::Command;
    use std::process::Output;

    /// Runs a line of shell in a folder; `phohien` is the program under test.
    pub(crate) async fn shell(folder: &Path, script: &str) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_phohien")).parent().unwrap().display().to_string();
        let script = format!(
            "set -euo pipefail\nexport LC_ALL=C.UTF-8 PATH={program}:$PATH\nphohien() {{ command phohien --lang en \"$@\"; }}\n{script}"
        );
        let folder = folder.to_owned();
        let run = move || Command::new("bash").current_dir(folder).args(["-c", &script]).output().unwrap();
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    /// The same, where it has to succeed; what it said.
    pub(crate) async fn done(folder: &Path, script: &str) -> String {
        let output = shell(folder, script).await;
        assert!(output.status.success(), "{script}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// `openssl ts` behind a socket; `ca.pem` stands above it.
    pub(crate) struct Authority {
        pub(crate) folder: PathBuf,
        pub(crate) address: SocketAddr,
    }

    const SETTINGS: &str = "[tsa]\nserial = serial\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\n\
        digests = sha256\ness_cert_id_alg = sha256\n[ext]\nextendedKeyUsage = critical,timeStamping\n";

    impl Authority {
        pub(crate) async fn start(folder: PathBuf) -> Self {
            crate::world::write(&folder.join("tsa.conf"), SETTINGS);
            crate::world::write(&folder.join("serial"), "01\n");
            done(
                &folder,
                "openssl req -new -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=ca -days 30
                openssl req -new -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /CN=tsa
                openssl x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile tsa.conf -extensions ext -out tsa.pem",
            )
            .await;
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let place = folder.clone();
            std::thread::spawn(move || {
                for connection in listener.incoming() {
                    // A caller that leaves midway is no concern of the others.
                    let _left = connection.and_then(|connection| answer(connection, &place));
                }
            });
            Self { folder, address }
        }
    }

    fn answer(mut connection: std::net::TcpStream, folder: &Path) -> std::io::Result<()> {
        let (mut seen, mut chunk) = (Vec::new(), [0; 4096]);
        let (head, length) = loop {
            let read = connection.read(&mut chunk)?;
            seen.extend_from_slice(&chunk[..read]);
            if let Some(head) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
                let text = String::from_utf8_lossy(&seen[..head]).to_ascii_lowercase();
                assert!(text.contains("content-type: application/timestamp-query"), "{text}");
                let length = text.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
                break (head + 4, length.parse::<usize>().unwrap());
            }
            if read == 0 {
                return Ok(());
            }
        };
        while seen.len() < head + length {
            let read = connection.read(&mut chunk)?;
            seen.extend_from_slice(&chunk[..read]);
        }
        std::fs::File::create(folder.join("query"))?.write_all(&seen[head..])?;
        let line = "ts -reply -config tsa.conf -section tsa -queryfile query -signer tsa.pem -inkey tsa.key -out reply";
        Command::new("openssl").current_dir(folder).args(line.split(' ')).output()?;
        let reply = std::fs::read(folder.join("reply"))?;
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            reply.len()
        );
        connection.write_all(&[head.as_bytes(), &reply].concat())
    }
}

use std::path::Path;

use phohien::identity::development;
use phohien::identity::development::Caller;
use phohien::identity::development::Flaw;
use phohien::identity::development::Plan;

use bench::Authority;
use bench::done;
use bench::shell;
use world::CENTRE;
use world::World;
use world::client::Answered;
use world::kinds;
use world::lookup_path;

/// An answer as `curl --include` writes it.
#[cfg(test)]
fn included(answered: &Answered) -> Vec<u8> {
    let fields =
        answered.headers.iter().map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap()));
    let fields: String = fields.collect();
    [format!("HTTP/1.1 {} \r\n{fields}\r\n", answered.status).as_bytes(), &answered.body].concat()
}

#[tokio::test]
async fn a_case_with_the_signed_answer_is_true_for_whoever_has_the_key_and_false_once_anything_is_changed() {
    let mut world = World::start().await;
    let answered = world.lookup(CENTRE).await;
    let id = answered.header("exchange-id").to_owned();
    let folder = world.folder().to_owned();
    let request = format!("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", lookup_path());
    world::write(&folder.join("request"), &request);
    world::write(&folder.join("answer"), std::str::from_utf8(&included(&answered)).unwrap());
    world::write(&folder.join("body"), std::str::from_utf8(&answered.body).unwrap());
    world.close().await;
    let export = format!(
        "phohien --config gateway.toml audit evidence {id} -o case.zip --disclose answer=body --disclose subject --message answer --request request"
    );
    done(&folder, &export).await;
    // Elsewhere, with nothing but the file and the key.
    let court = tempfile::tempdir().unwrap();
    for name in ["case.zip", "log.vkey"] {
        std::fs::copy(folder.join(name), court.path().join(name)).unwrap();
    }
    let told = done(court.path(), "phohien --json evidence verify case.zip --trust log.vkey").await;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let verdict = |code: &str| {
        let steps = told["steps"].as_array().unwrap().iter();
        steps
            .filter(|step| step["step"] == code)
            .map(|step| step["verdict"].as_str().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(told["true"], true, "{told:#}");
    for code in ["entry", "policy", "policy-file", "certificate", "message"] {
        assert_eq!(verdict(code), ["ok"], "{code}: {told:#}");
    }
    assert_eq!(verdict("disclosure"), ["ok", "not-checked"]);
    // The file again with one byte of the answer's body changed, wherever it stands in the zip.
    let changed = "python3 - <<'END'\nb = open('case.zip', 'rb').read()\nassert b.count(b'TrangThai') >= 2\n\
        open('changed.zip', 'wb').write(b.replace(b'TrangThai', b'TrangThaj'))\nEND\n\
        phohien evidence verify changed.zip --trust log.vkey";
    assert_eq!(shell(court.path(), changed).await.status.code(), Some(4));
    world.end().await;
}

#[tokio::test]
async fn a_case_about_a_refusal_holds_the_agreement_by_which_it_was_refused() {
    let mut world = World::start().await;
    let refused = world.get(CENTRE, &lookup_path(), &[]).await;
    assert_eq!(
        (refused.reason().as_str(), &refused.json()["agreement"]),
        ("header-missing", &"TT-01".into())
    );
    let id = refused.header("exchange-id").to_owned();
    let folder = world.folder().to_owned();
    world.close().await;
    let export = format!("phohien --config gateway.toml audit evidence {id} -o case.zip");
    done(&folder, &format!("{export}\nunzip -q case.zip -d case\nls case/policy/*/agreements/TT-01.toml"))
        .await;
    let told = done(&folder, "phohien --json evidence verify case.zip --trust log.vkey").await;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    for code in ["policy", "policy-file"] {
        let step = told["steps"].as_array().unwrap().iter().find(|step| step["step"] == code).unwrap();
        assert_eq!(step["verdict"], "ok", "{told:#}");
    }
    world.end().await;
}

/// The commands of the README, on a case that is unpacked beside the log's key.
const BY_HAND: &str = "unzip -q case.zip -d case\n(cd case && sha256sum -c --quiet SHA256SUMS)\n\
    for leaf in case/entries/*.leaf; do bash inclusion.sh $leaf ${leaf%.leaf}.proof log.vkey; done";

#[tokio::test]
async fn the_shell_of_the_readme_verifies_an_inclusion_and_refuses_a_changed_one() {
    let mut world = World::start().await;
    for _ in 0..5 {
        world.lookup(CENTRE).await;
    }
    let id = world.lookup(CENTRE).await.header("exchange-id").to_owned();
    world.close().await;
    let folder = world.folder();
    let readme = include_str!("../README.md");
    let script = readme.split("<!-- inclusion.sh -->").nth(1).unwrap();
    let script = script.split("```bash\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(script, phohien::audit::evidence::readme::SCRIPT, "the README shows another script");
    for line in BY_HAND.lines() {
        assert!(readme.contains(line.trim()), "the README does not say `{line}`");
    }
    world::write(&folder.join("inclusion.sh"), script);
    done(folder, &format!("phohien --config gateway.toml audit evidence {id} -o case.zip")).await;
    let said = done(folder, BY_HAND).await;
    assert!(said.contains("In the log: entry"), "{said}");
    let changed = "sed -i s/released/refused/ case/entries/*.leaf\n";
    let again = BY_HAND.lines().last().unwrap();
    assert!(!shell(folder, &format!("{changed}{again}")).await.status.success());
    world.end().await;
}

/// Two operators under an authority of their own.
#[cfg(test)]
fn operators(folder: &Path) {
    let caller = |name: &str, id: &str| Caller::named(name, &[id], Flaw::None);
    let callers = vec![caller("an", "H31.02"), caller("binh", "H31.02"), caller("other", CENTRE)];
    let plan = Plan { server_names: vec!["localhost".to_owned()], callers };
    development::make(&folder.join("operators"), &plan).unwrap();
}

const DRAW: &str = "phohien --config gateway.toml audit forget 2026-01 --order-only --reason 'retention is over' -o order.json";
const SIGN: &str = "for who in an binh other; do openssl cms -sign -binary -outform DER -in order.json \
    -signer operators/agencies/$who.pem -inkey operators/agencies/$who.key -out $who.p7s; done";
const FORGET: &str = "phohien --config gateway.toml audit forget 2026-01 --order order.json --anchors operators/ca.pem --signature an.p7s --signature";

#[tokio::test]
async fn two_operators_forget_a_month_with_openssl_and_one_command_and_nobody_else_does() {
    let mut world = World::start().await;
    operators(world.folder());
    let folder = world.folder().to_owned();
    done(&folder, DRAW).await;
    done(&folder, SIGN).await;
    let running = shell(&folder, &format!("{FORGET} binh.p7s")).await;
    assert!(
        running.status.code() == Some(3)
            && String::from_utf8_lossy(&running.stderr).contains("gateway-running")
    );
    world.close().await;
    let key = folder.join("keys/months/2026-01.key");
    world::write(&key, "0123456789abcdef0123456789abcdef");
    for (second, code) in [("an.p7s", 1), ("other.p7s", 1), ("order.json", 4)] {
        let refused = shell(&folder, &format!("{FORGET} {second}")).await;
        assert_eq!(refused.status.code(), Some(code), "{second}: {refused:?}");
    }
    assert!(key.exists());
    done(&folder, &format!("{FORGET} binh.p7s")).await;
    assert!(!key.exists());
    let again = done(&folder, &format!("{FORGET} binh.p7s")).await;
    assert!(again.contains("forgotten before"), "{again}");
    world.open().await;
    let leaves = world.end().await;
    let forgotten: Vec<_> = leaves.iter().filter(|leaf| leaf["kind"] == "month.forgotten").collect();
    assert_eq!((forgotten.len(), &forgotten[0]["month"]), (1, &"2026-01".into()));
    assert_eq!(kinds(&leaves).iter().filter(|kind| **kind == "node.started").count(), 4);
}

#[tokio::test]
async fn the_papers_of_a_forgotten_month_belong_to_the_log_and_are_missed() {
    let mut world = World::start().await;
    operators(world.folder());
    let folder = world.folder().to_owned();
    world.close().await;
    done(&folder, &format!("{DRAW}\n{SIGN}\n{FORGET} binh.p7s")).await;
    done(&folder, "phohien audit verify log --vkey log.vkey").await;
    let leaves = world.verify();
    let forgotten = leaves.iter().find(|leaf| leaf["kind"] == "month.forgotten").unwrap();
    let signer = &forgotten["signers"][1];
    for object in [&forgotten["order"], &signer["signature"], &signer["certificate"]] {
        let removed = format!(
            "mv log/objects/{0} kept\nr=0; phohien audit verify log --vkey log.vkey || r=$?\nmv kept log/objects/{0}; exit $r",
            object.as_str().unwrap()
        );
        assert_eq!(shell(&folder, &removed).await.status.code(), Some(4), "{object}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_head_is_anchored_by_an_authority_and_a_lost_one_stops_nothing() {
    let mut world = World::build("").await;
    let authority = Authority::start(world.folder().join("tsa")).await;
    std::fs::copy(authority.folder.join("ca.pem"), world.certs().join("tsa-ca.pem")).unwrap();
    let anchor = |port: u16| {
        format!(
            "[anchor]\nurl = \"http://127.0.0.1:{port}/tsr\"\nevery = \"1 s\"\ncertificate = \"tsa-ca.pem\"\n"
        )
    };
    let text = std::fs::read_to_string(world.configuration()).unwrap();
    // Somebody who hangs up, asked again and again: traffic goes on.
    let lost = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    world::write(&world.configuration(), &format!("{text}\n{}", anchor(lost.local_addr().unwrap().port())));
    world.open().await;
    assert_eq!(world.lookup(CENTRE).await.status, 200);
    for _ in 0..2 {
        drop(tokio::time::timeout(world::PATIENCE, lost.accept()).await.unwrap().unwrap());
    }
    assert_eq!(world.lookup(CENTRE).await.status, 200);
    world.close().await;
    world::write(&world.configuration(), &format!("{text}\n{}", anchor(authority.address.port())));
    world.open().await;
    let id = world.lookup(CENTRE).await.header("exchange-id").to_owned();
    let of_anchor = |leaf: &serde_json::Value| leaf["kind"] == "time.anchored";
    world
        .until("an anchor behind the exchange", |leaves| {
            let at = leaves.iter().position(|leaf| leaf["exchange"] == id.as_str());
            leaves
                .iter()
                .any(|leaf| of_anchor(leaf) && at.is_some_and(|at| leaf["size"].as_u64() > Some(at as u64)))
        })
        .await;
    world.close().await;
    let folder = world.folder().to_owned();
    done(
        &folder,
        &format!("phohien --config gateway.toml audit evidence {id} -o case.zip\nunzip -q case.zip -d case"),
    )
    .await;
    done(&folder, "openssl ts -verify -token_in -in case/anchor/token.der -data case/anchor/checkpoint.txt -CAfile tsa/ca.pem").await;
    let told = done(&folder, "phohien evidence verify case.zip --trust log.vkey --tsa tsa/ca.pem").await;
    assert!(told.contains("A trusted authority gave the time-stamp"), "{told}");
    world.end().await;
}
