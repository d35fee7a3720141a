//! How much of a thing a request wants: all of it, a part, or to know that it hasn't changed (RFC 9110, §13 and §14). Pure.

use std::ops::Range;

use http::header::{self, HeaderMap, HeaderValue};

/// What a request is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Portion {
    /// 200 with everything.
    Whole,
    /// 206 with these bytes; never none.
    Part(Range<u64>),
    /// 304.
    NotModified,
    /// 416: what was asked for lies behind the end.
    Beyond,
}

impl Portion {
    /// What the headers of a request want of `length` bytes that have these headers themselves.
    pub fn wanted(request: &HeaderMap, kept: &HeaderMap, length: u64) -> Self {
        if is_not_modified(request, kept) {
            return Self::NotModified;
        }
        let mut ranges = request.get_all(header::RANGE).iter();
        match (ranges.next().and_then(|range| range.to_str().ok()), ranges.next()) {
            (Some(range), None) if is_same(request, kept) => part(range, length),
            _ => Self::Whole,
        }
    }
}

/// `If-None-Match`, and where it isn't there, `If-Modified-Since` with the very date that was told.
fn is_not_modified(request: &HeaderMap, kept: &HeaderMap) -> bool {
    if request.contains_key(header::IF_NONE_MATCH) {
        let tag = kept.get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(without_weakness);
        let values = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut tags = values.flat_map(|value| value.split(','));
        return tags.any(|asked| asked.trim() == "*" || Some(without_weakness(asked.trim())) == tag);
    }
    let since = request.get(header::IF_MODIFIED_SINCE);
    since.is_some() && since == kept.get(header::LAST_MODIFIED)
}

fn without_weakness(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// Whether `If-Range`, if it is there, names what is kept. A weak tag names nothing exactly.
fn is_same(request: &HeaderMap, kept: &HeaderMap) -> bool {
    let is_weak = |value: &HeaderValue| value.as_bytes().starts_with(b"W/");
    request.get(header::IF_RANGE).is_none_or(|wanted| {
        !is_weak(wanted) && (Some(wanted) == kept.get(header::ETAG) || Some(wanted) == kept.get(header::LAST_MODIFIED))
    })
}

/// One range of bytes. What isn't understood, and several ranges, are answered with everything, as the RFC allows.
fn part(text: &str, length: u64) -> Portion {
    let Some((unit, range)) = text.split_once('=') else { return Portion::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Portion::Whole;
    }
    let Some((first, last)) = range.trim().split_once('-') else { return Portion::Whole };
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Some(first), None) if last.is_empty() => first..length,
        (None, Some(suffix)) if first.is_empty() => length - suffix.min(length)..length,
        _ => return Portion::Whole,
    };
    if range.start < range.end { Portion::Part(range) } else { Portion::Beyond }
}

/// Digits alone; a number that is too large for 64 bits lies behind any end.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect()
    }

    fn wanted(request: &[(&'static str, &str)]) -> Portion {
        Portion::wanted(&headers(request), &headers(&[("etag", "\"a\""), ("last-modified", "Monday")]), 10)
    }

    #[test]
    fn ranges_are_cut_at_the_end_and_refused_behind_it() {
        use Portion::{Beyond, Part, Whole};
        for (range, expected) in [
            ("bytes=0-0", Part(0..1)),
            ("bytes=0-9", Part(0..10)),
            ("bytes=3-", Part(3..10)),
            ("bytes=-3", Part(7..10)),
            ("bytes=-30", Part(0..10)),
            ("bytes=9-99999999999999999999999", Part(9..10)),
            ("Bytes=1-2", Part(1..3)),
            ("bytes=10-", Beyond),
            ("bytes=10-11", Beyond),
            ("bytes=99999999999999999999999-", Beyond),
            ("bytes=-0", Beyond),
            ("bytes=5-4", Whole),
            ("bytes=0-1,3-4", Whole),
            ("bytes=", Whole),
            ("bytes=-", Whole),
            ("bytes=a-b", Whole),
            ("bytes=+1-2", Whole),
            ("bytes=1-2-3", Whole),
            ("bytes 1-2", Whole),
            ("lines=1-2", Whole),
        ] {
            assert_eq!(wanted(&[("range", range)]), expected, "{range}");
        }
        assert_eq!(wanted(&[]), Whole);
        assert_eq!(wanted(&[("range", "bytes=0-0"), ("range", "bytes=1-1")]), Whole);
    }

    #[test]
    fn conditions_are_held_against_what_is_kept() {
        use Portion::{NotModified, Part, Whole};
        for (request, expected) in [
            (vec![("if-none-match", "\"a\"")], NotModified),
            (vec![("if-none-match", "W/\"a\"")], NotModified),
            (vec![("if-none-match", "\"b\", \"a\"")], NotModified),
            (vec![("if-none-match", "*")], NotModified),
            (vec![("if-none-match", "\"b\"")], Whole),
            (vec![("if-none-match", "a")], Whole),
            (vec![("if-none-match", "\"b\""), ("if-modified-since", "Monday")], Whole),
            (vec![("if-modified-since", "Monday")], NotModified),
            (vec![("if-modified-since", "Sunday")], Whole),
            (vec![("if-none-match", "\"a\""), ("range", "bytes=0-0")], NotModified),
            (vec![("if-range", "\"a\""), ("range", "bytes=0-0")], Part(0..1)),
            (vec![("if-range", "Monday"), ("range", "bytes=0-0")], Part(0..1)),
            (vec![("if-range", "\"b\""), ("range", "bytes=0-0")], Whole),
            (vec![("if-range", "W/\"a\""), ("range", "bytes=0-0")], Whole),
        ] {
            assert_eq!(wanted(&request), expected, "{request:?}");
        }
    }

    /// The RFC's words, as slowly as they can be read: which of the bytes does the range mean?
    fn reference(first: Option<u64>, last: Option<u64>, length: u64) -> Vec<u64> {
        (0..length)
            .filter(|at| match (first, last) {
                (Some(first), Some(last)) => first <= *at && *at <= last,
                (Some(first), None) => first <= *at,
                (None, Some(suffix)) => *at + suffix >= length,
                (None, None) => true,
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_range_means_the_bytes_that_the_rfc_says(
            first in proptest::option::of(0u64..40), last in proptest::option::of(0u64..40), length in 0u64..30,
        ) {
            let text = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
            let request = headers(&[("range", &format!("bytes={}-{}", text(first), text(last)))]);
            let meant = reference(first, last, length);
            match Portion::wanted(&request, &HeaderMap::new(), length) {
                Portion::Part(range) => prop_assert_eq!(range.collect::<Vec<_>>(), meant),
                Portion::Beyond => prop_assert!(meant.is_empty()),
                Portion::Whole => prop_assert!(
                    first.is_none() && last.is_none() || first.zip(last).is_some_and(|(first, last)| first > last)
                ),
                Portion::NotModified => prop_assert!(false),
            }
        }

        #[test]
        fn no_range_makes_it_panic_or_leave_the_body(text in ".{0,40}", length in any::<u64>()) {
            if let Portion::Part(range) = part(&text, length) {
                prop_assert!(range.start < range.end && range.end <= length);
            }
        }
    }
}
