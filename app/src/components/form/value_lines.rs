//! Values as they are typed into a form: one a line.

use octobot_wire::value::SaveValue;

/// Reads lines such as `NAME=value`; a name alone keeps the value that is stored. Empty lines say nothing.
pub fn read_values(text: &str) -> Vec<SaveValue> {
    text.lines().filter(|line| !line.trim().is_empty()).map(value).collect()
}

fn value(line: &str) -> SaveValue {
    match line.split_once('=') {
        Some((name, value)) => SaveValue { name: name.trim().to_owned(), value: Some(value.to_owned()) },
        None => SaveValue { name: line.trim().to_owned(), value: None },
    }
}

/// Writes values as they are read.
pub fn written_values(values: &[SaveValue]) -> String {
    let line = |SaveValue { name, value }: &SaveValue| match value {
        Some(value) => format!("{name}={value}"),
        None => name.clone(),
    };
    values.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_keeps_its_value_and_a_value_may_hold_anything() {
        let read = read_values("KEY\n\n  \nKEY=\n KEY = a=b \n");
        let read: Vec<_> = read.iter().map(|SaveValue { name, value }| (name.as_str(), value.as_deref())).collect();
        assert_eq!(read, [("KEY", None), ("KEY", Some("")), ("KEY", Some(" a=b "))]);
    }

    #[test]
    fn what_is_written_reads_back() {
        let text = "KEY\nOTHER=\nURL=a=b";
        assert_eq!(written_values(&read_values(text)), text);
    }
}
