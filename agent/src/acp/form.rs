//! Forms that an agent asks its user to fill in: from the protocol's schema to the wire's fields, and from what was filled in
//! to what the protocol carries. Pure.

use std::collections::BTreeMap;

use agent_client_protocol_schema::v1::{
    ElicitationContentValue as Content, ElicitationPropertySchema as Property, ElicitationSchema, EnumOption,
    MultiSelectItems,
};
use octobot_wire::form::{Field, FieldKind, Filled};
use octobot_wire::permission::{PermissionKind, PermissionOption};
use octobot_wire::setting::SettingChoice;

use crate::acp::translate::{cut, one_line};

/// A form has at most so many fields, and a field so many choices.
const MAX_ITEMS: usize = 100;

/// What a field asks has at most so many bytes.
const MAX_DESCRIPTION: usize = 4_000;

/// The option that sends a form.
pub const SEND: &str = "send";

/// The answers to a form.
pub fn options() -> Vec<PermissionOption> {
    let option = |id: &str, name: &str, kind| PermissionOption { id: id.to_owned(), name: name.to_owned(), kind };
    vec![option(SEND, "Send", PermissionKind::AllowOnce), option("decline", "Skip", PermissionKind::RejectOnce)]
}

/// The fields of a form. None when it can't be filled in here, because it needs something that isn't known.
pub fn fields(schema: &ElicitationSchema) -> Option<Vec<Field>> {
    let required = schema.required.as_deref().unwrap_or_default();
    let mut fields = Vec::new();
    for (id, property) in schema.properties.iter().take(MAX_ITEMS) {
        let is_required = required.contains(id);
        match field(id, property) {
            Some(field) => fields.push(Field { is_required, ..field }),
            None if is_required => return None,
            None => {}
        }
    }
    (!fields.is_empty()).then_some(fields)
}

fn field(id: &str, property: &Property) -> Option<Field> {
    let (title, description, kind, choices, initial) = match property {
        Property::String(text) => {
            let titled = text.one_of.as_deref().map(titled);
            let choices = titled.or_else(|| text.enum_values.as_deref().map(untitled));
            let kind = if choices.is_some() { FieldKind::One } else { FieldKind::Text };
            let initial = text.default.clone().into_iter().collect();
            (&text.title, &text.description, kind, choices.unwrap_or_default(), initial)
        }
        Property::Number(number) => {
            let initial = number.default.iter().map(f64::to_string).collect();
            (&number.title, &number.description, FieldKind::Number, Vec::new(), initial)
        }
        Property::Integer(number) => {
            let initial = number.default.iter().map(i64::to_string).collect();
            (&number.title, &number.description, FieldKind::Integer, Vec::new(), initial)
        }
        Property::Boolean(switch) => {
            let initial = switch.default.filter(|is_on| *is_on).map(|is_on| is_on.to_string()).into_iter().collect();
            (&switch.title, &switch.description, FieldKind::Switch, Vec::new(), initial)
        }
        Property::Array(list) => {
            let choices = match &list.items {
                MultiSelectItems::String(items) => untitled(&items.values),
                MultiSelectItems::Titled(items) => titled(&items.options),
                _ => return None,
            };
            let initial = list.default.clone().unwrap_or_default();
            (&list.title, &list.description, FieldKind::Several, choices, initial)
        }
        // Later versions of the protocol may have more.
        _ => return None,
    };
    Some(Field {
        id: id.to_owned(),
        name: one_line(title.as_deref().unwrap_or(id)),
        description: cut(description.as_deref().unwrap_or_default(), MAX_DESCRIPTION).0.to_owned(),
        kind,
        is_required: false,
        choices,
        initial,
    })
}

fn titled(options: &[EnumOption]) -> Vec<SettingChoice> {
    let choice = |option: &EnumOption| SettingChoice {
        value: option.value.clone(),
        name: one_line(&option.title),
        description: cut(option.description.as_deref().unwrap_or_default(), MAX_DESCRIPTION).0.to_owned(),
    };
    options.iter().take(MAX_ITEMS).map(choice).collect()
}

fn untitled(values: &[String]) -> Vec<SettingChoice> {
    let choice =
        |value: &String| SettingChoice { value: value.clone(), name: one_line(value), description: String::new() };
    values.iter().take(MAX_ITEMS).map(choice).collect()
}

/// What was filled in, as the protocol carries it. It has been checked against the fields; what was left empty is left out.
pub fn content(fields: &[Field], filled: &[Filled]) -> BTreeMap<String, Content> {
    let value = |filled: &Filled| {
        let field = fields.iter().find(|field| field.id == filled.field)?;
        let first = filled.values.first().filter(|value| !value.is_empty());
        Some(match field.kind {
            FieldKind::Text | FieldKind::One => Content::String(first?.clone()),
            FieldKind::Number => Content::Number(first?.parse().ok()?),
            FieldKind::Integer => Content::Integer(first?.parse().ok()?),
            FieldKind::Switch => Content::Boolean(first? == "true"),
            FieldKind::Several => Content::StringArray(filled.values.clone()),
        })
    };
    filled.iter().filter_map(|filled| Some((filled.field.clone(), value(filled)?))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(properties: &serde_json::Value, required: &[&str]) -> ElicitationSchema {
        serde_json::from_value(json!({"type": "object", "properties": properties, "required": required})).unwrap()
    }

    #[test]
    fn every_kind_of_field_is_read_and_carried_back() {
        let properties = json!({
            "a": {"type": "string", "title": "Name"},
            "b": {"type": "number", "default": 1.5},
            "c": {"type": "integer", "description": "How many?"},
            "d": {"type": "boolean", "default": true},
            "e": {"type": "string", "oneOf": [{"const": "r", "title": "Red", "description": "Like blood"}]},
            "f": {"type": "array", "items": {"anyOf": [{"const": "x", "title": "X"}, {"const": "y", "title": "Y"}]}},
        });
        let fields = fields(&schema(&properties, &["a"])).unwrap();
        let kinds: Vec<_> = fields.iter().map(|field| field.kind).collect();
        let expected = [
            FieldKind::Text,
            FieldKind::Number,
            FieldKind::Integer,
            FieldKind::Switch,
            FieldKind::One,
            FieldKind::Several,
        ];
        assert_eq!(kinds, expected);
        assert_eq!((fields[0].name.as_str(), fields[0].is_required, fields[1].is_required), ("Name", true, false));
        assert_eq!(
            (&fields[1].initial[..], &fields[3].initial[..]),
            (&["1.5".to_owned()][..], &["true".to_owned()][..])
        );
        assert_eq!((fields[2].name.as_str(), fields[2].description.as_str()), ("c", "How many?"));
        assert_eq!(fields[4].choices[0].description, "Like blood");

        let filled = |field: &str, values: &[&str]| Filled {
            field: field.to_owned(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
        };
        let given = [
            filled("a", &["Ann"]),
            filled("b", &["-2.5"]),
            filled("c", &[""]),
            filled("d", &["true"]),
            filled("e", &["r"]),
            filled("f", &["x", "y"]),
        ];
        let sent = serde_json::to_value(content(&fields, &given)).unwrap();
        assert_eq!(sent, json!({"a": "Ann", "b": -2.5, "d": true, "e": "r", "f": ["x", "y"]}));
    }

    #[test]
    fn a_form_that_needs_something_unknown_cant_be_filled_in() {
        let unknown = json!({"a": {"type": "string"}, "b": {"type": "colour"}});
        assert_eq!(fields(&schema(&unknown, &["b"])), None);
        assert_eq!(fields(&schema(&unknown, &["a"])).unwrap().len(), 1);
        assert_eq!(fields(&schema(&json!({}), &[])), None, "nothing to fill in");
    }
}
