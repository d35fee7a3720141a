//! Rules against requests.

use std::borrow::Cow;

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
        "when": { "methods": ["POST"], "paths": ["/v1/**"], "headers": { "authorization": "Bearer placeholder", "x-a": null } },
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
fn a_rule_can_ask_that_a_header_is_not_sent() {
    let rules = rules(serde_json::json!({ "api.example": {
        "set": { "authorization": "Bearer canary" }, "when": { "absent": ["authorization"] },
    } }));
    let of = |request| applied(&rules, "api.example", Scheme::Https, request);
    assert_eq!(of(Request::get("/")), ["authorization: Bearer canary"]);
    assert_eq!(of(Request::get("/").header("authorization", "mine")), ["authorization: mine"]);
}

#[test]
fn a_path_that_could_be_read_as_another_one_gets_no_secret() {
    let rules = rules(serde_json::json!({ "api.example": {
        "set": { "x-api-key": "canary" }, "when": { "paths": ["/v1/**", "/*/exact"] },
    } }));
    let has_key = |path: &str| !applied(&rules, "api.example", Scheme::Https, Request::get(path)).is_empty();
    for path in ["/v1/messages", "/v1/a/b?x=/../y", "/v1/a%2fb", "/v2/exact", "/v1/a..b"] {
        assert!(has_key(path), "{path}");
    }
    for path in [
        "/v1/../admin",
        "/v1/%2e%2e/admin",
        "/v1/.%2E/admin",
        "/v1/..%2fadmin",
        "/v1/..%5cadmin",
        "/v1/..;/admin",
        "/v1/%252e%252e/admin",
        "/v1%2f..%2fadmin",
        "/v2%2fx/exact",
        "/admin",
    ] {
        assert!(!has_key(path), "{path}");
    }
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
        (serde_json::json!({ "a.example": { "set": { "authorization: Bearer canary": "" } } }), "a name in `set`"),
        (serde_json::json!({ "a.example": { "append": { "x: canary": "(secret)" } } }), "a name in `append`"),
        (serde_json::json!({ "a.example": { "remove": ["x: canary"] } }), "a name in `remove`"),
        (serde_json::json!({ "a.example": { "when": { "headers": { "x: canary": "y" } } } }), "a name in `when`"),
        (serde_json::json!({ "a.example": { "set": { "a": "canary\r\nx: y" } } }), "no header may have"),
        (serde_json::json!({ "a.example": { "remove": ["Host"] } }), "belongs to the connection"),
        (serde_json::json!({ "a.example": { "set": { "a": "(secret)" } } }), "refers to a secret"),
    ] {
        let error = Injector::new(&rules(json)).unwrap_err().to_string();
        assert!(error.contains(part) && !error.contains("canary"), "{error}");
    }
}

/// The rules as they are shown, changed by `change` and sent back.
fn sent_back(before: &Rules, change: impl FnOnce(&mut serde_json::Value)) -> Rules {
    let mut shown = serde_json::to_value(before).unwrap();
    change(&mut shown);
    let mut changed = rules(shown);
    restore(&mut changed, before);
    changed
}

fn three_keys() -> Rules {
    let rule = |path: &str, key: &str| serde_json::json!({ "set": { "x-api-key": key }, "when": { "paths": [path], "headers": { "x-api-key": "placeholder" } } });
    rules(serde_json::json!({ "api.example": [rule("/a", "key-a"), rule("/b", "key-b"), rule("/c", "key-c")] }))
}

fn keys(rules: &Rules) -> Vec<&str> {
    rules["api.example"].rules().iter().map(|rule| rule.set["x-api-key"].reveal()).collect()
}

#[test]
fn a_secret_that_is_shown_can_be_sent_back() {
    assert_eq!(sent_back(&key(), |_| ()), key());
    assert_eq!(sent_back(&three_keys(), |_| ()), three_keys());
}

#[test]
fn a_secret_stays_with_its_rule_when_another_one_goes_or_comes() {
    let before = three_keys();
    let without_the_first = sent_back(&before, |shown| drop(shown["api.example"].as_array_mut().unwrap().remove(0)));
    assert_eq!(without_the_first["api.example"].rules(), &before["api.example"].rules()[1..]);
    let turned = sent_back(&before, |shown| shown["api.example"].as_array_mut().unwrap().reverse());
    assert_eq!(keys(&turned), ["key-c", "key-b", "key-a"]);
    let with_another = sent_back(&before, |shown| {
        let new = serde_json::json!({ "set": { "x-api-key": "key-new" } });
        shown["api.example"].as_array_mut().unwrap().insert(0, new);
    });
    assert_eq!(keys(&with_another), ["key-new", "key-a", "key-b", "key-c"]);
    let alone = sent_back(&before, |shown| shown["api.example"] = shown["api.example"][1].take());
    assert_eq!(keys(&alone), ["key-b"]);
}

#[test]
fn a_reference_that_isnt_known_in_its_place_is_refused() {
    let shown = serde_json::to_value(key()).unwrap();
    let reference = &shown["api.example"]["set"]["x-api-key"];
    for changed in [
        serde_json::json!({ "evil.example": { "set": { "x-api-key": reference } } }),
        serde_json::json!({ "api.example": { "set": { "x-other": reference } } }),
        serde_json::json!({ "api.example": { "set": { "x-api-key": "(secret)" } } }),
        serde_json::json!({ "api.example": { "set": { "x-api-key": "(secret:AAAAAAAAAAAAAAAAAAAAAA)" } } }),
        serde_json::json!({ "api.example": { "when": { "headers": { "x-api-key": "(secret)" } } } }),
    ] {
        let mut changed = rules(changed);
        restore(&mut changed, &key());
        assert!(matches!(Injector::new(&changed), Err(RuleError::Unknown { .. })), "{changed:?}");
    }
}

#[test]
fn credentials_have_a_name_that_doesnt_tell_them() {
    let named = |rules: &Rules| {
        let (head, ()) = Request::get("/").body(()).unwrap().into_parts();
        let target = Target::parse("api.example", Scheme::Https).unwrap();
        Injector::new(rules).unwrap().fitting(&target, &head).credentials().map(Cow::into_owned)
    };
    let other = rules(serde_json::json!({ "api.example": { "set": { "x-api-key": "canary2" } } }));
    let removing = rules(serde_json::json!({ "api.example": { "remove": ["x-api-key"] } }));
    assert_eq!(named(&key()), named(&key()));
    assert_ne!(named(&key()), named(&other));
    assert!(!named(&key()).unwrap().contains("canary"));
    assert_eq!(named(&removing), None);
}
