//! JSON-RPC messages, one a line: reading what an agent sends, and writing what it is sent.

use agent_client_protocol_schema::v1::{Error, RawValue, RequestId};
use serde::{Deserialize, Serialize};

/// A message from the agent.
#[derive(Debug)]
pub enum Incoming {
    /// The answer to a request of the daemon.
    Response {
        /// The request's id.
        id: u64,
        /// The answer.
        result: Result<Box<RawValue>, Error>,
    },
    /// A request that wants an answer.
    Request {
        /// Its id.
        id: RequestId,
        /// What is asked.
        method: String,
        /// What it is asked with.
        params: Box<RawValue>,
    },
    /// A message that wants none.
    Notification {
        /// What is told.
        method: String,
        /// What about it.
        params: Box<RawValue>,
    },
}

#[derive(Deserialize)]
struct Envelope {
    id: Option<RequestId>,
    method: Option<String>,
    params: Option<Box<RawValue>>,
    result: Option<Box<RawValue>>,
    error: Option<Error>,
}

/// Reads a line; none when it isn't a message.
pub fn parse(line: &[u8]) -> Option<Incoming> {
    let Envelope { id, method, params, result, error } = serde_json::from_slice(line).ok()?;
    let params = params.unwrap_or_else(null);
    match (id, method) {
        (Some(id), Some(method)) => Some(Incoming::Request { id, method, params }),
        (None, Some(method)) => Some(Incoming::Notification { method, params }),
        (Some(RequestId::Number(id)), None) => {
            // An answer without anything in it has a result that is null.
            let result = error.map_or_else(|| Ok(result.unwrap_or_else(null)), Err);
            Some(Incoming::Response { id: u64::try_from(id).ok()?, result })
        }
        _ => None,
    }
}

fn null() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

#[derive(Serialize)]
struct Outgoing<'a, P> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    method: &'a str,
    params: &'a P,
}

#[derive(Serialize)]
struct Answer<'a, R> {
    jsonrpc: &'static str,
    id: &'a RequestId,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a R>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Error>,
}

/// The line of a request.
pub fn request(id: u64, method: &str, params: &impl Serialize) -> Vec<u8> {
    line(&Outgoing { jsonrpc: "2.0", id: Some(id), method, params })
}

/// The line of a notification.
pub fn notification(method: &str, params: &impl Serialize) -> Vec<u8> {
    line(&Outgoing { jsonrpc: "2.0", id: None, method, params })
}

/// The line of an answer.
pub fn response<R: Serialize>(id: &RequestId, result: Result<&R, &Error>) -> Vec<u8> {
    line(&Answer { jsonrpc: "2.0", id, result: result.ok(), error: result.err() })
}

fn line(message: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).expect("messages have no maps with keys other than text");
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_answers_and_notifications_are_told_apart() {
        assert!(matches!(parse(br#"{"jsonrpc":"2.0","id":"a","method":"x"}"#), Some(Incoming::Request { .. })));
        assert!(matches!(parse(br#"{"method":"x","params":{}}"#), Some(Incoming::Notification { .. })));
        assert!(matches!(parse(br#"{"id":1,"result":null}"#), Some(Incoming::Response { id: 1, result: Ok(_) })));
        let refused = parse(br#"{"id":1,"error":{"code":-32000,"message":"no"}}"#);
        assert!(matches!(refused, Some(Incoming::Response { id: 1, result: Err(_) })));
    }

    #[test]
    fn what_isnt_a_message_is_none() {
        for line in ["", "Loading…", "[]", "1", "{}", r#"{"id":null}"#, r#"{"id":-1,"result":1}"#] {
            assert!(parse(line.as_bytes()).is_none(), "{line}");
        }
    }

    #[test]
    fn an_answer_has_a_result_or_an_error() {
        let id = RequestId::Number(3);
        let yes = response(&id, Ok(&true));
        assert_eq!(yes, b"{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":true}\n");
        let no = String::from_utf8(response::<()>(&id, Err(&Error::method_not_found()))).unwrap();
        assert!(no.contains("-32601") && !no.contains("result"), "{no}");
    }
}
