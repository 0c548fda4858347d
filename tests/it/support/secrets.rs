//! The tokens of the tests. Nothing but a request may contain them.

/// The token of Alice. It is not part of any other text.
pub(crate) const ALICE: &str = "5ecret-of-alice";
/// The token of Bob.
pub(crate) const BOB: &str = "5ecret-of-bob";

/// The part that all secrets of the tests have in common.
const SECRET: &str = "5ecret";

/// Replaces tokens by the names of their users.
pub(crate) fn redact_tokens(text: &str) -> String {
    text.replace(ALICE, "[alice]").replace(BOB, "[bob]")
}

/// Panics if a text contains a secret.
#[track_caller]
pub(crate) fn assert_no_secrets(text: &str) {
    assert!(!text.contains(SECRET), "a token is shown: {text}");
}
