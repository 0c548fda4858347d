//! A QR code for the terminal.

use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};

/// The longest text of a code, in bytes. A longer one would not fit on the screen.
const MAX_LENGTH: usize = 300;

/// Returns a QR code as text, or `None` if the text is too long.
///
/// It is light on dark, because most terminals are dark. Phones read it in both colors.
pub(crate) fn qr_code(text: &str) -> Option<String> {
    let text = Some(text).filter(|text| text.len() <= MAX_LENGTH)?;
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let mut renderer = code.render::<Dense1x2>();
    Some(renderer.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modules of the text: each character has two, one above the other.
    fn modules(text: &str) -> Vec<Vec<bool>> {
        let half = |character: char, is_upper: bool| match character {
            '█' => false,
            ' ' => true,
            '▀' => !is_upper,
            '▄' => is_upper,
            other => panic!("{other:?}"),
        };
        let row = |line: &str, is_upper| line.chars().map(|it| half(it, is_upper)).collect();
        text.lines().flat_map(|line| [row(line, true), row(line, false)]).collect()
    }

    #[test]
    fn the_text_has_the_modules_of_the_code() {
        let url = "https://login.example/device?user_code=WDJB-MJHT";
        let shown = modules(&qr_code(url).unwrap());
        let code = QrCode::with_error_correction_level(url, EcLevel::L).unwrap();
        let (width, colors) = (code.width(), code.to_colors());
        const QUIET: usize = 4;
        assert_eq!(shown[0].len(), width + 2 * QUIET);
        for (y, row) in shown.iter().enumerate().take(width + 2 * QUIET) {
            for (x, is_dark) in row.iter().enumerate() {
                let inside =
                    (QUIET..QUIET + width).contains(&x) && (QUIET..QUIET + width).contains(&y);
                let expected =
                    inside && colors[(y - QUIET) * width + x - QUIET] == qrcode::Color::Dark;
                assert_eq!(*is_dark, expected, "{x} {y}");
            }
        }
    }

    #[test]
    fn a_long_text_has_no_code() {
        assert!(qr_code(&"x".repeat(300)).is_some());
        assert!(qr_code(&"x".repeat(301)).is_none());
    }
}
