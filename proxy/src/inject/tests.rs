//! Rules against requests.

use http::Request;

use super::*;

fn rules(json: serde_json::Value) -> Rules {
    serde_json::from_value(json).unwrap()
}

fn applied(rules: &Rules, target: &str, scheme: Scheme, request: http::request::Builder) -> Vec<String> {
    let (mut head, ()) = request.body(()).unwrap().into_parts();
    let target = Target::parse(target, scheme).unwrap();
    let injector = Injector::new(rules).unwrap();
    injector.fitting(&target, &head).apply(&mut head.headers);
    head.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
}

fn key() -> Rules {
    rules(serde_json::json!({ "api.example": { "set": { "x-api-key": "canary" }, "remove": ["authorization"] } }))
}

#[test]
fn headers_are_set_and_removed() {
    let request = Request::get("/v1").header("authorization", "placeholder").header("x-api-key", "mine");
    assert_eq!(applied(&key(), "api.example", Scheme::Https, request), ["x-api-key: canary"]);
}

#[test]
fn a_secret_goes_to_its_host_port_and_tls_only() {
    for (target, scheme) in [
        ("other.example", Scheme::Https),
        ("sub.api.example", Scheme::Https),
        ("api.example:8443", Scheme::Https),
        ("api.example", Scheme::Http),
        ("api.example:443", Scheme::Http),
    ] {
        let headers = applied(&key(), target, scheme, Request::get("/"));
        assert!(headers.is_empty(), "{target}: {headers:?}");
    }
}

#[test]
fn a_rule_can_ask_for_a_placeholder_a_method_and_a_path() {
    let rules = rules(serde_json::json!({ "*.example": [{
        "set": { "authorization": "Bearer canary" },
        "when": { "methods": ["POST"], "paths": ["/v1/*"], "headers": { "authorization": "Bearer placeholder", "x-a": null } },
    }] }));
    let with = |method: &str, path: &str, value: &str| {
        Request::builder().method(method).uri(path).header("authorization", value).header("x-a", "1")
    };
    let all = |request| applied(&rules, "api.example", Scheme::Https, request).join("\n").contains("canary");
    assert!(all(with("POST", "/v1/messages?a=b", "Bearer placeholder")));
    assert!(!all(with("GET", "/v1/messages", "Bearer placeholder")));
    assert!(!all(with("POST", "/v2?/v1/", "Bearer placeholder")));
    assert!(!all(with("POST", "/v1/messages", "Bearer other")));
}

#[test]
fn plain_http_is_injected_into_only_if_the_rule_says_so() {
    let rules = rules(serde_json::json!({ "a.example": { "plain": true, "append": { "x": "1" } } }));
    assert_eq!(applied(&rules, "a.example", Scheme::Http, Request::get("/").header("x", "0")), ["x: 0", "x: 1"]);
}

#[test]
fn a_bad_rule_is_refused_without_its_values() {
    for (json, part) in [
        (serde_json::json!({ "a b": {} }), "isn't a domain"),
        (serde_json::json!({ "a.example": { "set": { "a b": "canary" } } }), "isn't a header's name"),
        (serde_json::json!({ "a.example": { "set": { "a": "canary\r\nx: y" } } }), "no header may have"),
        (serde_json::json!({ "a.example": { "remove": ["Host"] } }), "belongs to the connection"),
        (serde_json::json!({ "a.example": { "set": { "a": "(secret)" } } }), "to keep"),
    ] {
        let error = Injector::new(&rules(json)).unwrap_err().to_string();
        assert!(error.contains(part) && !error.contains("canary"), "{error}");
    }
}

#[test]
fn a_secret_that_is_shown_can_be_sent_back() {
    let before = key();
    let mut shown = rules(serde_json::to_value(&before).unwrap());
    restore(&mut shown, &before);
    assert_eq!(shown, before);
    let mut moved = rules(serde_json::json!({ "evil.example": { "set": { "x-api-key": "(secret)" } } }));
    restore(&mut moved, &before);
    assert!(Injector::new(&moved).is_err());
}

#[test]
fn credentials_have_a_name_that_doesnt_tell_them() {
    let named = |rules: &Rules| {
        let (head, ()) = Request::get("/").body(()).unwrap().into_parts();
        let target = Target::parse("api.example", Scheme::Https).unwrap();
        Injector::new(rules).unwrap().fitting(&target, &head).credentials()
    };
    let other = rules(serde_json::json!({ "api.example": { "set": { "x-api-key": "canary2" } } }));
    let removing = rules(serde_json::json!({ "api.example": { "remove": ["x-api-key"] } }));
    assert_eq!(named(&key()), named(&key()));
    assert_ne!(named(&key()), named(&other));
    assert!(!named(&key()).unwrap().contains("canary"));
    assert_eq!(named(&removing), None);
}
