//! The log itself, as C2SP tlog-tiles (v0.1.0) has it served: its key, its newest signed head, the tiles of its tree, and to auditors the
//! entries below them. Tiles are the same bytes for ever, partial ones too: they are what the full ones begin with.

use http::HeaderValue;
use http::header::CONTENT_ENCODING;
use http::header::VARY;

use crate::tlog::pack::pack;
use crate::tlog::tile::Kind;
use crate::tlog::tile::TilePath;

use super::desk::Asking;
use super::desk::Desk;
use super::desk::Told;
use super::desk::found;
use super::receipts::off_the_threads;
use super::stop::Stop;

/// Notes, as C2SP tlog-tiles has them.
const NOTE: &str = "text/plain; charset=utf-8";

/// Tiles and bundles.
const BYTES: &str = "application/octet-stream";

/// The newest head is another a second later.
const NOT_KEPT: &str = "no-cache";

/// A tile is kept by whoever was let see it, and by nobody between.
const KEPT: &str = "private, max-age=31536000, immutable";

/// The key that verifies heads. Whoever takes it from here takes the gateway's word for it.
pub(super) fn key(desk: &Desk, asking: &Asking) -> Result<Told, Stop> {
    asking.without_parameters()?;
    Ok(Told::Proof(found(NOTE, NOT_KEPT, format!("{}\n", desk.key).into_bytes())))
}

/// The newest head that the witnesses have cosigned, or else, where there are none or all are gone, the newest durable one.
pub(super) fn checkpoint(desk: &Desk, asking: &Asking) -> Result<Told, Stop> {
    asking.without_parameters()?;
    let cosigned = desk.door.witnessed.current(desk.door.clock.now()).map(|best| best.note());
    let note = cosigned.unwrap_or_else(|| desk.door.recorder.log().head().note.clone());
    Ok(Told::Proof(found(NOTE, NOT_KEPT, note.into_bytes())))
}

/// A tile, as far as the newest head covers it. Entries are shown only once that is recorded; which are not there yet is no secret.
/// They come packed to whoever takes gzip: half of a leaf repeats the one before it. Hashes do not shrink.
pub(super) async fn tile(desk: &Desk, asking: &Asking, path: TilePath) -> Result<Told, Stop> {
    asking.without_parameters()?;
    let recorder = desk.door.recorder.clone();
    let is_packed = path.kind() == Kind::Entries && asking.takes_gzip;
    let packed = move |bytes: Vec<u8>| if is_packed { pack(&bytes) } else { bytes };
    let reading = tokio::task::spawn_blocking(move || Ok(recorder.log().tile(path)?.map(packed)));
    let bytes = off_the_threads(reading).await?.ok_or(Stop::NotFound)?;
    let mut answer = found(BYTES, KEPT, bytes);
    if path.kind() == Kind::Entries {
        answer.headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    if is_packed {
        answer.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    match path.kind() {
        Kind::Hashes(_) => Ok(Told::Proof(answer)),
        Kind::Entries => {
            let filters = vec![("bundle", path.to_string())];
            desk.show(asking, "entries", filters, (path.width().into(), Some(answer))).await
        }
    }
}
