//! Records with commas between their values (RFC 4180).
//!
//! Hosts and paths are chosen by whatever runs in a sandbox. A spreadsheet takes what begins like a formula for one, so such
//! a value is given an apostrophe first.

use octobot_wire::traffic::TrafficRecord;

/// The names of the values.
const NAMES: &str =
    "number,at,protocol,host,address,port,method,path,status,bytesUp,bytesDown,durationMs,decision,rule,attempts\r\n";

/// Writes the records, with a line of names first.
pub(super) fn write(records: &[TrafficRecord]) -> String {
    let mut text = NAMES.to_owned();
    for record in records {
        let values = [
            record.number.to_string(),
            record.at.0.to_string(),
            word(&record.protocol),
            cell(&record.host),
            cell(record.address.as_deref().unwrap_or_default()),
            record.port.to_string(),
            cell(record.method.as_deref().unwrap_or_default()),
            cell(record.path.as_deref().unwrap_or_default()),
            record.status.map(|status| status.to_string()).unwrap_or_default(),
            record.bytes_up.to_string(),
            record.bytes_down.to_string(),
            record.duration_ms.to_string(),
            word(&record.decision),
            cell(&record.rule),
            record.attempts.unwrap_or(1).to_string(),
        ];
        text.push_str(&values.join(","));
        text.push_str("\r\n");
    }
    text
}

fn word(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_value(value).expect("a word is plain data");
    json.as_str().unwrap_or_default().to_owned()
}

fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use octobot_wire::Timestamp;
    use octobot_wire::traffic::{TrafficDecision, TrafficProtocol};

    use super::*;

    #[test]
    fn values_are_quoted_and_formulas_are_not_left_as_such() {
        let record = TrafficRecord {
            number: 1,
            at: Timestamp(5),
            protocol: TrafficProtocol::Https,
            host: "=cmd|' /C calc'!A0".to_owned(),
            address: None,
            port: 443,
            method: Some("GET".to_owned()),
            path: Some("/a,\"b\"".to_owned()),
            status: Some(403),
            bytes_up: 0,
            bytes_down: 9,
            duration_ms: 3,
            decision: TrafficDecision::Deny,
            rule: "default deny".to_owned(),
            attempts: Some(3),
            remedy: None,
        };
        let text = write(&[record]);
        let line = text.lines().nth(1).unwrap();
        assert_eq!(line, "1,5,https,'=cmd|' /C calc'!A0,,443,GET,\"/a,\"\"b\"\"\",403,0,9,3,deny,default deny,3");
        assert_eq!(NAMES.split(',').count(), 15);
    }
}
