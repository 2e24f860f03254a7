//! Playing the story: each call is a child process that reaches the gateway over TCP, as an agency's would.

use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::path::Path;

use serde_json::Value;
use tokio::runtime::Runtime;

use crate::cli::exit::Exit;
use crate::cli::exit::Failure;
use crate::language::Text;
use crate::message::receipt::Receipt;

use super::burst;
use super::child::Heard;
use super::child::Program;
use super::difference;
use super::edit;
use super::stage::Stage;
use super::stage::Verdict;
use super::story::Call;
use super::story::Deed;
use super::story::Says;
use super::story::Scene;
use super::story::Step;
use super::world::World;

/// The checks of `call` that must hold of an answer that is released.
const PROVEN: [&str; 4] = ["/checks/digest", "/checks/signature", "/checks/receipt", "/checks/inclusion"];

/// The one that must hold too once a head of the log was seen: that the log only grew since.
const EXTENDS: &str = "/checks/consistency";

/// Plays scenes in a world, on a stage.
#[derive(Debug)]
pub struct Player<'a, 'b> {
    /// Where things are.
    pub world: &'a mut World,
    /// What the platforms run on.
    pub runtime: &'a Runtime,
    /// What runs the commands.
    pub program: Program,
    /// Where it is shown.
    pub stage: Stage<'b>,
    /// The first exchange that was released, and its entry's index: the one that will be edited in a copy.
    pub first: Option<(String, u64)>,
    /// Questions whose two answers were compared on the stage already.
    pub compared: Vec<&'static str>,
    /// The last exchange that was refused for a field.
    pub refused: Option<String>,
}

impl Player<'_, '_> {
    /// Plays one scene.
    ///
    /// # Errors
    /// The output or a child fails; that a step ends otherwise than told is shown, not an error.
    pub fn scene(&mut self, scene: &Scene) -> Result<(), Failure> {
        self.stage.scene(scene.title)?;
        for step in scene.steps {
            self.stage.step(step.says)?;
            let verdict = self.step(step)?;
            self.stage.verdict(step.says, &verdict)?;
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<Verdict, Failure> {
        match &step.deed {
            Deed::Released(call, removed) => self.released(call, removed),
            Deed::Refused(call, status, reason, names) => self.refused(call, (*status, reason, *names)),
            Deed::TurnedAway(call, alert) => self.turned_away(call, alert),
            Deed::Burst(call, passes) => {
                let words = self.words(call);
                let times = format!("# ×{}", burst::LEAST);
                self.stage.command(&[shortened(&words), vec![times]].concat())?;
                burst::play(&self.program, &words, *passes)
            }
            Deed::Formerly(code, now) => self.formerly(code, now),
            Deed::Stop(platform) => {
                self.runtime.block_on(self.world.stop_platform(platform));
                Ok(self.platform_is(platform, false))
            }
            Deed::Restart(platform) => {
                self.runtime.block_on(self.world.restart_platform(platform)).map_err(unreachable)?;
                Ok(self.platform_is(platform, true))
            }
            Deed::Paper => self.paper(),
            Deed::Replay => self.replay(),
            Deed::Matrix => self.matrix(),
            Deed::Verify => self.verify(),
            Deed::Edit => self.edit(),
        }
    }

    fn call(&mut self, call: &Call, more: &[&str]) -> Result<Heard, Failure> {
        let mut words = self.words(call);
        words.extend(more.iter().map(|word| (*word).to_owned()));
        self.stage.command(&shortened(&words))?;
        self.program.run(&words)
    }

    /// The words after `phohien`.
    fn words(&self, call: &Call) -> Vec<String> {
        let certs = self.world.folder().join("certs");
        let file = |name: &str| certs.join(name).display().to_string();
        let mut words = vec!["call".to_owned(), format!("{}{}", self.world.origin(), call.path)];
        let mut option = |name: &str, value: String| words.extend([format!("--{name}"), value]);
        option("cert", file(&format!("agencies/{}.pem", call.certificate)));
        option("key", file(&format!("agencies/{}.key", call.certificate)));
        option("cacert", file("ca.pem"));
        option("purpose", call.purpose.to_owned());
        call.case.iter().for_each(|case| option("case", (*case).to_owned()));
        option("user", "can-bo-01".to_owned());
        call.fields.iter().for_each(|fields| option("fields", (*fields).to_owned()));
        words
    }

    fn released(&mut self, call: &Call, removed: &[&str]) -> Result<Verdict, Failure> {
        let before = self.platforms_own(call.path)?;
        let heard = self.call(call, &["--heads", "heads.json"])?;
        let receipt = Receipt::parse(heard.text("/receipt"));
        let (Some(0), Some(200), Ok(receipt)) = (heard.exit, heard.number("/status"), receipt) else {
            return Ok(verdict(false, astray(&heard), astray(&heard)));
        };
        let after = heard.get("/body");
        if !self.compared.contains(&call.path) {
            self.compared.push(call.path);
            self.stage.difference(&difference::rows(&before, after))?;
        }
        let gone = difference::removed(&before, after);
        let mut held = PROVEN.iter().chain(self.first.as_ref().map(|_| &EXTENDS));
        let as_told = gone == removed && held.all(|check| heard.text(check) == "ok");
        self.first.get_or_insert_with(|| (heard.text("/exchange").to_owned(), receipt.index));
        let (index, count, names) = (receipt.index, gone.len(), gone.join(" "));
        Ok(verdict(
            as_told,
            format!(
                "200, bản ghi số {index}; chữ ký, biên nhận và bằng chứng đều đúng; lược bỏ {count}: {names}"
            ),
            format!("200, entry {index}; signature, receipt and proof hold; {count} removed: {names}"),
        ))
    }

    fn refused(
        &mut self,
        call: &Call,
        (status, reason, names): (u16, &str, Says),
    ) -> Result<Verdict, Failure> {
        let heard = self.call(call, &[])?;
        let problem = heard.get("/body");
        let text = |member| problem.get(member).and_then(Value::as_str).unwrap_or_default();
        let named = self.stage.pick(names);
        let as_told = heard.exit == Some(1)
            && heard.number("/status") == Some(u64::from(status))
            && text("type").rsplit('/').next() == Some(reason)
            && problem.to_string().contains(named);
        if !as_told {
            return Ok(verdict(false, astray(&heard), astray(&heard)));
        }
        if reason == "field-not-granted" {
            self.refused = Some(heard.text("/exchange").to_owned());
        }
        let (detail, contact) = (text("detail"), text("contact"));
        let whom = |word| if contact.is_empty() { String::new() } else { format!(" {word}: {contact}.") };
        let told = |word| format!("{status} {reason}. {}.{}", detail.trim_end_matches('.'), whom(word));
        Ok(verdict(true, told("Liên hệ"), told("Contact")))
    }

    fn turned_away(&mut self, call: &Call, code: &str) -> Result<Verdict, Failure> {
        let heard = self.call(call, &[])?;
        let text = |member| heard.error.get(member).and_then(Value::as_str).unwrap_or_default();
        let as_told = heard.exit == Some(1) && text("error") == code && heard.objects.is_empty();
        let said = if as_told { format!("{code}; {}", text("message")) } else { astray(&heard) };
        Ok(verdict(as_told, said.clone(), said))
    }

    /// Whom a chain would be taken for, by the handshake's own code.
    fn formerly(&mut self, code: &str, now: &str) -> Result<Verdict, Failure> {
        let words = [
            "certs",
            "check",
            &format!("certs/agencies/{code}.pem"),
            "--anchors",
            "certs/ca.pem",
            "--policies",
            "policies",
        ]
        .map(str::to_owned);
        self.stage.command(&words)?;
        let heard = self.program.run(&words)?;
        let said = heard.error.get("message").and_then(Value::as_str).unwrap_or_default();
        let as_told = heard.exit == Some(1) && said.contains(code) && said.contains(now);
        let said = if as_told { said.to_owned() } else { astray(&heard) };
        Ok(verdict(as_told, said.clone(), said))
    }

    fn platform_is(&self, platform: &str, up: bool) -> Verdict {
        let address = self.world.platform(platform);
        let reached = address.is_some_and(|address| TcpStream::connect(address).is_ok());
        let (vi, en) = if reached {
            ("đang trả lời", "answers")
        } else {
            ("không nhận kết nối", "takes no connection")
        };
        verdict(reached == up, format!("{platform} {vi}"), format!("{platform} {en}"))
    }

    fn verify(&mut self) -> Result<Verdict, Failure> {
        let heard = self.judge("log")?;
        let entries = heard.number("/entries").unwrap_or_default();
        let as_told = heard.exit == Some(0) && entries > 0;
        let (vi, en) = (format!("{entries} bản ghi, toàn vẹn"), format!("{entries} entries, all sound"));
        if as_told { Ok(verdict(true, vi, en)) } else { Ok(verdict(false, astray(&heard), astray(&heard))) }
    }

    fn edit(&mut self) -> Result<Verdict, Failure> {
        let (log, copy) = (self.world.folder().join("log"), self.world.folder().join("log-edited"));
        let Some((exchange, index)) = self.first.clone() else {
            return Ok(verdict(
                false,
                "không có bản ghi nào để sửa".into(),
                "there is no entry to edit".into(),
            ));
        };
        let unwritable = |cause| Failure::unwritable(&copy, cause);
        edit::copy(&log, &copy).map_err(unwritable)?;
        let edited = edit::change_one_byte(&copy, &exchange).map_err(unwritable)?;
        let heard = self.judge("log-edited")?;
        let named = heard
            .objects
            .iter()
            .flat_map(faults)
            .any(|fault| fault.get("index") == Some(&Value::from(index)));
        let as_told = edited.is_some() && heard.exit == Some(i32::from(Exit::False.number())) && named;
        if !as_told {
            return Ok(verdict(false, astray(&heard), astray(&heard)));
        }
        let at = edited.map(|edited| edited.at).unwrap_or_default();
        Ok(verdict(
            true,
            format!("mã thoát 4: bản ghi số {index} đã bị sửa (byte {at}); nhật ký thật không bị chạm tới"),
            format!("exit code 4: entry {index} was changed (byte {at}); the log itself was not touched"),
        ))
    }

    fn judge(&mut self, folder: &str) -> Result<Heard, Failure> {
        let words = ["audit", "verify", folder].map(str::to_owned);
        self.stage.command(&words)?;
        self.program.run(&words)
    }

    /// What the platform itself answers, asked past the gateway.
    fn platforms_own(&self, path: &str) -> Result<Value, Failure> {
        let (service, rest) = path.trim_start_matches('/').split_once('/').unwrap_or_default();
        let Some(address) = self.world.platform(service) else { return Ok(Value::Null) };
        ask(address, &format!("/{rest}")).map_err(unreachable)
    }
}

/// Every fault in what `audit verify` printed.
fn faults(object: &Value) -> Vec<&Value> {
    match object.get("faults").and_then(Value::as_array) {
        Some(faults) => faults.iter().collect(),
        None => vec![object],
    }
}

fn ask(address: SocketAddr, path: &str) -> io::Result<Value> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    Ok(serde_json::from_str(body)?)
}

/// The words as they are shown: file names without the folder, which the opening named.
fn shortened(words: &[String]) -> Vec<String> {
    let short = |word: &String| match Path::new(word).file_name() {
        Some(name) if word.starts_with('/') && !word.contains('*') && Path::new(word).is_file() => {
            name.to_string_lossy().into_owned()
        }
        _ => word.clone(),
    };
    words.iter().map(short).collect()
}

pub(super) fn verdict(as_told: bool, vi: String, en: String) -> Verdict {
    Verdict { as_told, says: Text { vi, en } }
}

/// What came instead, as much as one line holds.
pub(super) fn astray(heard: &Heard) -> String {
    let printed: Vec<String> = heard.objects.iter().map(Value::to_string).collect();
    let exit = heard.exit.map_or_else(|| "killed".to_owned(), |exit| format!("exit {exit}"));
    crate::cli::terminal::shown(&format!("{exit}: {} {}", printed.join(" "), heard.error))
}

fn unreachable(cause: io::Error) -> Failure {
    Failure::could_not(
        "platform-not-reached",
        "Không tới được nền tảng mẫu.",
        "A sample platform cannot be reached.",
    )
    .because(cause)
}
