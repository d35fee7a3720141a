//! The section `headers` of the configuration, and how secrets in it survive that it is shown and sent back. Pure.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::policy::PathPattern;
use crate::secret::Secret;

/// The rules of a configuration: by domain, one or several each, applied in this order.
pub type Rules = BTreeMap<String, OneOrMany>;

/// A rule, or a list of rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(Rule),
    /// Several.
    Many(Vec<Rule>),
}

/// What is done to the headers of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// Headers that are taken away, before the others are set.
    pub remove: Vec<String>,
    /// Headers that get this value instead of any that they have.
    pub set: BTreeMap<String, Secret>,
    /// Headers that get this value beside those that they have.
    pub append: BTreeMap<String, Secret>,
    /// When that is done.
    pub when: When,
    /// The ports that it is done for: 443 unless given, and 80 as well with `plain`.
    pub ports: Vec<u16>,
    /// Whether it is also done without TLS, for everybody on the way to read.
    pub plain: bool,
}

/// The conditions of a rule; all of them have to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// The method is one of these; any if there are none.
    pub methods: Vec<String>,
    /// The path fits one of these; any if there are none. As in the allowlist, a path that a server might read as another one
    /// fits none.
    pub paths: Vec<PathPattern>,
    /// Headers that the client has to send, such as a placeholder for a key; any value if none is given.
    pub headers: BTreeMap<String, Option<Secret>>,
    /// Headers that the client must not send.
    pub absent: Vec<String>,
}

impl OneOrMany {
    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        match self {
            Self::One(rule) => std::slice::from_ref(rule),
            Self::Many(rules) => rules,
        }
    }

    fn rules_mut(&mut self) -> &mut [Rule] {
        match self {
            Self::One(rule) => std::slice::from_mut(rule),
            Self::Many(rules) => rules,
        }
    }
}

/// By hand, so that an error says what is wrong inside of the rule.
impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RuleOrList;
        impl<'de> Visitor<'de> for RuleOrList {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rule or a list of rules")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OneOrMany, A::Error> {
                Rule::deserialize(MapAccessDeserializer::new(map)).map(OneOrMany::One)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<OneOrMany, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(OneOrMany::Many)
            }
        }
        deserializer.deserialize_any(RuleOrList)
    }
}

/// Puts secrets of `before` where `rules` only refer to them: wherever they now stand in the rules of the same domain, in a
/// header of the same name. What can't be found is left as it is, and no rule takes it.
pub fn restore(rules: &mut Rules, before: &Rules) {
    for (domain, rules) in rules {
        let mut known: Vec<_> = before.get(domain).map(OneOrMany::rules).unwrap_or_default().to_vec();
        let known: Vec<_> = known.iter_mut().flat_map(Rule::values).collect();
        for (name, value) in rules.rules_mut().iter_mut().flat_map(Rule::values) {
            let meant =
                known.iter().find(|(known, secret)| known.eq_ignore_ascii_case(name) && value.refers_to(secret));
            if let Some((_, secret)) = meant {
                value.clone_from(secret);
            }
        }
    }
}

impl Rule {
    /// All that is secret.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.set.values().chain(self.append.values()).chain(self.when.headers.values().flatten())
    }

    /// All that is secret, with the names of the headers.
    fn values(&mut self) -> impl Iterator<Item = (&String, &mut Secret)> {
        let wanted = self.when.headers.iter_mut().filter_map(|(name, value)| Some((name, value.as_mut()?)));
        self.set.iter_mut().chain(&mut self.append).chain(wanted)
    }
}
