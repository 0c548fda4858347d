//! The tokens of the tests, which nothing but a request may show.

/// The token of a user; it is not part of any other text.
pub(crate) const ALICE: &str = "5ecret-of-alice";
/// The token of another user.
pub(crate) const BOB: &str = "5ecret-of-bob";

/// What tokens have in common.
const SECRET: &str = "5ecret";

/// The text with names in place of tokens.
pub(crate) fn masked(text: &str) -> String {
    text.replace(ALICE, "[alice]").replace(BOB, "[bob]")
}

/// Fails where a text shows a token.
#[track_caller]
pub(crate) fn assert_free_of_secrets(text: &str) {
    assert!(!text.contains(SECRET), "a token is shown: {text}");
}
