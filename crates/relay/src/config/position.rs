//! Line and column of a place in a text.

/// A position in a text: a line and a column, both from 1. Columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    line: usize,
    column: usize,
}

impl Position {
    /// Returns the position of a byte. `None` if a character does not start there.
    pub(crate) fn at(text: &str, byte: usize) -> Option<Self> {
        let before = text.get(..byte)?;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before[start..].chars().count() + 1;
        Some(Self { line: before.matches('\n').count() + 1, column })
    }
}

impl From<Position> for (usize, usize) {
    fn from(position: Position) -> Self {
        (position.line, position.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_a_line_and_a_column() {
        let text = "a\n\u{fc}b\nc";
        let at = |byte| Position::at(text, byte).map(<(usize, usize)>::from);
        assert_eq!(
            (at(0), at(4), at(6), at(7)),
            (Some((1, 1)), Some((2, 2)), Some((3, 1)), Some((3, 2)))
        );
        assert_eq!((at(3), at(99)), (None, None), "inside of a character, and beyond the end");
    }
}
