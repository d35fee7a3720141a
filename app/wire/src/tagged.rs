//! Reading enums that are objects with a tag in JSON.
//!
//! What serde derives for them keeps the JSON in memory first, and for that brings a second reader of everything in
//! them. In the page that is a lot of code. So the fields of all variants are read at once, and the tag says which ones
//! matter.

/// Takes a field that a variant has to have.
pub(crate) fn need<T, E: serde::de::Error>(field: Option<T>, name: &'static str) -> Result<T, E> {
    field.ok_or_else(|| E::missing_field(name))
}

/// Implements `Deserialize`: the enum, its tag, the fields of all its variants, and for each variant its own fields,
/// those that may be missing behind a semicolon.
macro_rules! read_tagged {
    (
        $type:ident by $tag:literal with { $($field:ident: $of:ty),* } as
        $($variant:ident { $($needed:ident),* $(; $($optional:ident),*)? })*
    ) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                #[serde(rename_all = "camelCase")]
                enum Tag { $($variant),* }

                #[derive(serde::Deserialize)]
                #[serde(rename_all = "camelCase")]
                struct Fields {
                    #[serde(rename = $tag)]
                    tag: Tag,
                    $($field: Option<$of>),*
                }

                let fields = Fields::deserialize(deserializer)?;
                Ok(match fields.tag {
                    $(Tag::$variant => Self::$variant {
                        $($needed: $crate::tagged::need(fields.$needed, stringify!($needed))?,)*
                        $($($optional: fields.$optional,)*)?
                    },)*
                })
            }
        }
    };
}

pub(crate) use read_tagged;

#[cfg(test)]
mod tests {
    use crate::workspace::WorkspaceState;

    fn read(json: &str) -> Result<WorkspaceState, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn the_tag_may_stand_anywhere_and_optional_fields_may_be_missing() {
        let cloning = WorkspaceState::Cloning { step: "a".to_owned(), percent: None };
        assert_eq!(read(r#"{"step":"a","state":"cloning"}"#), Ok(cloning.clone()));
        assert_eq!(read(&serde_json::to_string(&cloning).unwrap()), Ok(cloning));
        assert_eq!(read(r#"{"state":"ready"}"#), Ok(WorkspaceState::Ready));
    }

    #[test]
    fn what_has_no_tag_an_unknown_one_or_too_few_fields_is_refused() {
        for (json, why) in [
            ("{}", "missing field `state`"),
            (r#"{"state":"lost"}"#, "unknown variant `lost`"),
            (r#"{"state":"error"}"#, "missing field `reason`"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
