//! Replacing schemas within definitions.

use serde_json::Value;

use crate::codegen::definitions::{Definitions, members_mut, walk};

/// Replaces each schema for which `replacement` returns another one. Returns the number of changes.
pub(super) fn replace(
    definitions: &mut Definitions,
    replacement: impl Fn(&Value) -> Option<Value>,
) -> usize {
    let mut count = 0;
    for definition in definitions.values_mut() {
        walk(definition, &mut |schema| {
            if let Some(replaced) = replacement(schema) {
                *schema = replaced;
                count += 1;
            }
        });
    }
    count
}

/// Replaces each member for which `replacement` returns another schema. Returns the number of
/// changes.
pub(super) fn replace_members(
    definitions: &mut Definitions,
    mut replacement: impl FnMut(&str, &Value) -> Option<Value>,
) -> usize {
    let mut count = 0;
    for definition in definitions.values_mut() {
        walk(definition, &mut |schema| {
            for (name, member) in members_mut(schema) {
                if let Some(replaced) = replacement(name, member) {
                    *member = replaced;
                    count += 1;
                }
            }
        });
    }
    count
}
