//! A QR code as a drawing in the page itself.

use std::fmt::Write as _;

use qrcode::Color;
use qrcode::EcLevel;
use qrcode::QrCode;

/// Modules of white around the code (ISO/IEC 18004 9.1).
const QUIET: usize = 4;

/// The code as SVG, one unit a module; none where the text is too long for one.
pub(super) fn svg(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let _infallible = write!(path, "M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET);
        }
    }
    let side = width + 2 * QUIET;
    Some(format!(
        "<svg class=\"qr\" role=\"img\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path d=\"M0 0h{side}v{side}h-{side}z\" fill=\"#fff\"/><path d=\"{path}\" fill=\"#000\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_drawing_with_white_around_it_and_nothing_of_the_text_is_markup() {
        let svg = svg("</svg><script>").unwrap();
        // Version 1 has 21 modules, and four of white on each side.
        assert!(svg.contains("viewBox=\"0 0 29 29\"") && svg.contains("M4 4h1v1h-1z"), "{svg}");
        assert!(!svg.contains("script"));
    }

    #[test]
    fn what_does_not_fit_is_no_code() {
        assert!(svg(&"x".repeat(5_000)).is_none());
    }
}
