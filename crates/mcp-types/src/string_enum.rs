//! Enumerations of strings that accept unknown values, such as those of later protocol versions.

/// Implements the conversions of an enumeration whose last variant is `Unknown(String)`.
macro_rules! string_enum {
    ($type:ident { $($variant:ident = $value:literal,)* }) => {
        impl $type {
            /// Returns the value as in JSON.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $value,)*
                    Self::Unknown(value) => value,
                }
            }
        }

        impl From<&str> for $type {
            fn from(value: &str) -> Self {
                match value {
                    $($value => Self::$variant,)*
                    _ => Self::Unknown(value.to_owned()),
                }
            }
        }

        impl From<String> for $type {
            fn from(value: String) -> Self {
                match value.as_str() {
                    $($value => Self::$variant,)*
                    _ => Self::Unknown(value),
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        $crate::by_serde::by_serde!($type);

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value: $crate::wire::Key<'_> = serde::Deserialize::deserialize(deserializer)?;
                Ok(match value.as_str() {
                    $($value => Self::$variant,)*
                    _ => Self::Unknown(value.into_string()),
                })
            }
        }
    };
}

pub(crate) use string_enum;

#[cfg(test)]
mod tests {
    use crate::v2025_11_25::Role;

    #[test]
    fn unknown_strings_become_unknown() {
        for (value, role) in [("user", Role::User), ("other", Role::Unknown("other".to_owned()))] {
            assert_eq!((Role::from(value), Role::from(value.to_owned())), (role.clone(), role));
        }
    }
}
