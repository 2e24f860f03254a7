//! A socket on which certificates are asked for: the same strictness for each of them.

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::diagnostic::code::Code;
use crate::diagnostic::fault::Fault;
use crate::diagnostic::fault::Faults;
use crate::diagnostic::source::Placed;
use crate::diagnostic::table::Table;
use crate::listener::tls::TlsFiles;

use super::read::in_range;
use super::settings::SocketSettings;

/// How many of each are let in where no number is set.
pub(super) struct Crowd {
    connections: u64,
    connections_per_source: u64,
    handshakes: u64,
}

/// Agencies' machines, many behind one address translation.
pub(super) const EXCHANGE: Crowd = Crowd { connections: 1_024, connections_per_source: 256, handshakes: 128 };

/// People at a screen, and a few mirrors.
pub(super) const DESK: Crowd = Crowd { connections: 128, connections_per_source: 32, handshakes: 32 };

/// Reads a socket's settings, all but where it listens.
pub(super) fn read(
    table: &mut Table<'_>,
    certs: &Path,
    listen: Option<SocketAddr>,
    crowd: &Crowd,
    faults: &mut Faults,
) -> Option<SocketSettings> {
    let names = not_empty(table, "names", faults);
    let files = tls_files(table, certs, faults);
    let connections = count(table, "connections", crowd.connections, faults);
    let per_source = count(table, "connections_per_source", crowd.connections_per_source, faults);
    let handshakes = count(table, "handshakes", crowd.handshakes, faults);
    let TlsFiles { certificate, key, anchors, crls } = files?;
    Some(SocketSettings {
        handshake_timeout: time(table, "handshake_timeout", Duration::from_secs(5), faults),
        head_timeout: time(table, "head_timeout", Duration::from_secs(10), faults),
        idle_timeout: time(table, "idle_timeout", Duration::from_secs(60), faults),
        drain_timeout: time(table, "drain_timeout", Duration::from_secs(20), faults),
        listen: listen?,
        names: names?.into_iter().map(|name| name.value).collect(),
        certificate,
        key,
        anchors,
        crls,
        connections: connections?,
        connections_per_source: per_source?,
        handshakes: handshakes?,
    })
}

/// By which files a socket is served, in a folder of certificates.
pub(super) fn tls_files(table: &mut Table<'_>, certs: &Path, faults: &mut Faults) -> Option<TlsFiles> {
    let certificate = table.required::<String>("certificate", faults);
    let key = table.required::<String>("key", faults);
    let anchors = not_empty(table, "anchors", faults);
    let crls = revocation(table, certs, faults);
    let inside = |file: Placed<String>| certs.join(file.value);
    Some(TlsFiles {
        certificate: inside(certificate?),
        key: inside(key?),
        anchors: anchors?.into_iter().map(inside).collect(),
        crls: crls?,
    })
}

/// Where a socket listens, or a default.
pub(super) fn listen_or(
    table: &mut Table<'_>,
    default: SocketAddr,
    faults: &mut Faults,
) -> Option<SocketAddr> {
    if table.has("listen") { Some(table.required("listen", faults)?.value) } else { Some(default) }
}

/// A time-out, or its default.
pub(super) fn time(
    table: &mut Table<'_>,
    key: &'static str,
    default: Duration,
    faults: &mut Faults,
) -> Duration {
    table.optional::<Duration>(key, faults).map_or(default, |placed| placed.value)
}

fn count(table: &mut Table<'_>, key: &'static str, default: u64, faults: &mut Faults) -> Option<usize> {
    let count = in_range(table.optional(key, faults), default, 1, 1 << 20, faults)?;
    Some(usize::try_from(count).unwrap_or(usize::MAX))
}

pub(super) fn not_empty(
    table: &mut Table<'_>,
    key: &'static str,
    faults: &mut Faults,
) -> Option<Vec<Placed<String>>> {
    let Placed { value, place } = table.required::<Vec<Placed<String>>>(key, faults)?;
    if value.is_empty() {
        faults.push(
            Fault::new(Code::WrongValue, format!("`{key}` is empty")).at(place).label("name at least one"),
        );
        return None;
    }
    Some(value)
}

/// `revocation = "off"`, or the lists: there is no silent default, and no empty list.
pub(super) fn revocation(
    table: &mut Table<'_>,
    certs: &Path,
    faults: &mut Faults,
) -> Option<Option<Vec<PathBuf>>> {
    let written = table.need("revocation", faults)?;
    if written.as_text() == Some("off") {
        return Some(None);
    }
    let lists = written.read::<Vec<Placed<String>>>(faults)?;
    if lists.value.is_empty() {
        let fault = Fault::new(Code::WrongValue, "`revocation` names no list").at(lists.place);
        faults.push(fault.label("name the revocation lists, or say \"off\""));
        return None;
    }
    Some(Some(lists.value.into_iter().map(|file| certs.join(file.value)).collect()))
}
