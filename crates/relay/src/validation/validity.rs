//! The result of an evaluation, in three-valued logic.

/// The result of evaluating a value against a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Validity {
    Valid,
    Invalid,
    /// Some keywords cannot be evaluated, or the budget is used up.
    Unknown,
}

impl Validity {
    pub(super) fn of(is_valid: bool) -> Self {
        if is_valid { Self::Valid } else { Self::Invalid }
    }

    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Invalid, _) | (_, Self::Invalid) => Self::Invalid,
            (Self::Valid, Self::Valid) => Self::Valid,
            _ => Self::Unknown,
        }
    }

    pub(super) fn not(self) -> Self {
        match self {
            Self::Valid => Self::Invalid,
            Self::Invalid => Self::Valid,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// `None` becomes [`Validity::Unknown`].
impl From<Option<bool>> for Validity {
    fn from(is_valid: Option<bool>) -> Self {
        is_valid.map_or(Self::Unknown, Self::of)
    }
}
