//! Tens of thousands of changes to genuine wakes, drawn from a seed; each of them is refused.
//!
//! Each is verified twice: by this crate, and by the `standardwebhooks` crate. Where that crate refuses, so does this
//! one. Where it accepts, either no signed part has changed (a second, useless signature beside the good one), or this
//! crate is stricter, for a reason on the list. `GOALPOST_SEED` and `GOALPOST_MUTATIONS` draw others, and more.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    missing_docs
)]

mod support;

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lambda_events::http::{HeaderMap, HeaderName, HeaderValue};
use fastrand::Rng;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use support::{NEW_KEY, OLD_KEY, authenticator, signature, url_request};
use trigger::{Access, Trigger};

const SEED: u64 = 20_261_122;
const MUTATIONS: usize = 50_000;
/// Keys that a caller without a valid key could try: none at all, too short ones, public ones, the prefix alone.
const FOREIGN_KEYS: [&str; 6] = [
    "whsec_",
    "whsec_AA==",
    "whsec_c2JfcHVibGlzaGFibGVfYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo=",
    "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "whsec_d2hzZWNfYm1WM1pYTjBMV3RsZVMxdVpYZGxjM1F0YTJWNUxXNWxkMlZ6ZEE9PQ==",
    "whsec_ZHJvcHBlZC1rZXktZHJvcHBlZC1rZXktZHJvcHBlZA==",
];

/// A wake in transit: the parts that a caller can change.
#[derive(Clone)]
struct Sent {
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Sent {
    /// Builds a wake as the database sends it. `age` is in seconds.
    fn genuine(id: u64, key: &str, now: i64, age: i64) -> Self {
        let body = format!(
            r#"{{"type": "INSERT", "table": "wakes", "record": {{"id": {id}, "function": "executor", "ready_count": 3}}, "schema": "goalpost", "old_record": null}}"#
        );
        let name = format!("wake_{id}");
        let signed = signature(key, &name, now - age, body.as_bytes());
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("webhook-id", name),
            ("webhook-timestamp", (now - age).to_string()),
            ("webhook-signature", signed),
        ];
        Self {
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
            body: body.into_bytes(),
        }
    }

    fn get(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.headers.insert(name.to_owned(), value.into());
    }

    /// Returns true if the signed parts are unchanged, and the good signature is still there.
    fn is_still(&self, genuine: &Self) -> bool {
        let signed = genuine.get("webhook-signature");
        ["webhook-id", "webhook-timestamp"]
            .iter()
            .all(|name| self.headers.get(*name) == genuine.headers.get(*name))
            && self.body == genuine.body
            && self
                .get("webhook-signature")
                .split(' ')
                .any(|one| one == signed)
    }

    /// Returns the verdict of this crate: the code of the refusal, or none.
    fn ours(&self, access: Access, now: SystemTime) -> Option<&'static str> {
        let payload = url_request(&json!(self.headers), &self.body, true);
        match Trigger::decode(payload, &authenticator(access), now) {
            Ok(Trigger::Wake(_)) => None,
            Ok(other) => panic!("taken for something else: {other:?}"),
            Err(refusal) => {
                assert!(matches!(refusal.status, 400 | 401 | 413), "{refusal:?}");
                Some(refusal.code)
            }
        }
    }

    /// Returns the verdict of the other crate, with either key.
    fn theirs(&self) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let (Ok(name), Ok(value)) = (
                HeaderName::try_from(name.as_str()),
                HeaderValue::from_str(value),
            ) else {
                return false;
            };
            headers.append(name, value);
        }
        [NEW_KEY, OLD_KEY].iter().any(|key| {
            Webhook::new(key)
                .unwrap()
                .verify(&self.body, &headers)
                .is_ok()
        })
    }
}

/// Returns a text as long as a signature, in base64's alphabet.
fn signature_like(rng: &mut Rng) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut letter = || char::from(*rng.choice(ALPHABET).unwrap());
    (0..44).map(|_| letter()).collect()
}

/// A change to a wake.
type Mutation = fn(&mut Sent, &Sent, &mut Rng, i64);

/// Every class of change. The second wake is another genuine one, to take parts from.
const CLASSES: [(&str, Mutation); 24] = [
    ("a bit of the body flipped", |sent, _, rng, _| {
        let at = rng.usize(..sent.body.len());
        sent.body[at] ^= 1 << rng.usize(..8);
    }),
    ("bytes of the body changed", |sent, _, rng, _| {
        for _ in 0..=rng.usize(..8) {
            let at = rng.usize(..sent.body.len());
            sent.body[at] = sent.body[at].wrapping_add(rng.u8(1..));
        }
    }),
    ("the body cut short", |sent, _, rng, _| {
        let length = rng.usize(..sent.body.len());
        sent.body.truncate(length);
    }),
    ("the body made longer", |sent, _, rng, _| {
        for _ in 0..=rng.usize(..200) {
            sent.body.push(b" \n\0}{\"\xff"[rng.usize(..7)]);
        }
    }),
    ("bytes put into the body", |sent, _, rng, _| {
        let at = rng.usize(..sent.body.len());
        sent.body.insert(at, rng.u8(..));
    }),
    ("the body written again", |sent, _, _, _| {
        let read: Value = serde_json::from_slice(&sent.body).unwrap();
        sent.body = read.to_string().into_bytes();
    }),
    ("more work than there is", |sent, _, rng, _| {
        let text = String::from_utf8(sent.body.clone()).unwrap();
        let more = format!("\"ready_count\": {}", rng.usize(4..1_000_004));
        sent.body = text.replace("\"ready_count\": 3", &more).into_bytes();
    }),
    ("the body of another wake", |sent, other, _, _| {
        sent.body.clone_from(&other.body);
    }),
    ("the id of another wake", |sent, other, _, _| {
        sent.set("webhook-id", other.get("webhook-id"));
    }),
    ("the signature of another wake", |sent, other, _, _| {
        sent.set("webhook-signature", other.get("webhook-signature"));
    }),
    ("another id", |sent, _, rng, _| {
        let id = sent.get("webhook-id").to_owned();
        let number = rng.u64(..);
        sent.set(
            "webhook-id",
            match rng.usize(..6) {
                0 => format!("wake_{number}"),
                1 => format!("{id}.{number}"),
                2 => id.replace('_', "_0"),
                3 => id.to_uppercase(),
                4 => String::new(),
                _ => format!("{id}é"),
            },
        );
    }),
    ("sent again, much later", |sent, _, rng, now| {
        let age = rng.i64(330..100_000_330);
        let id: u64 = sent.get("webhook-id")["wake_".len()..].parse().unwrap();
        *sent = Sent::genuine(id, NEW_KEY, now, age);
    }),
    ("signed for a time to come", |sent, _, rng, now| {
        let ahead = rng.i64(330..100_000_330);
        let id: u64 = sent.get("webhook-id")["wake_".len()..].parse().unwrap();
        *sent = Sent::genuine(id, NEW_KEY, now, -ahead);
    }),
    (
        "another time under the same signature",
        |sent, _, rng, _| {
            let then: i64 = sent.get("webhook-timestamp").parse().unwrap();
            let change = rng.i64(1..=250);
            let sign = if rng.bool() { 1 } else { -1 };
            sent.set("webhook-timestamp", (then + sign * change).to_string());
        },
    ),
    ("the time in another spelling", |sent, _, rng, _| {
        let then = sent.get("webhook-timestamp").to_owned();
        let other = match rng.usize(..8) {
            0 => format!("+{then}"),
            1 => format!("{:0>1$}", then, then.len() + rng.usize(1..=5)),
            2 => format!(" {then}"),
            3 => format!("{then}.0"),
            4 => format!("{then}e0"),
            5 => format!("-{then}"),
            6 => format!("{then}{}", rng.u64(..)),
            _ => String::new(),
        };
        sent.set("webhook-timestamp", other);
    }),
    ("a bit of the signature flipped", |sent, _, rng, _| {
        let mut signed = sent.get("webhook-signature").as_bytes().to_vec();
        let at = rng.usize(..signed.len());
        signed[at] = (signed[at] ^ (1 << rng.usize(..7))).clamp(0x20, 0x7e);
        sent.set("webhook-signature", String::from_utf8(signed).unwrap());
    }),
    ("the signature cut short", |sent, _, rng, _| {
        let signed = sent.get("webhook-signature").to_owned();
        sent.set("webhook-signature", &signed[..rng.usize(..signed.len())]);
    }),
    ("another version of signature", |sent, _, rng, _| {
        let signed = sent.get("webhook-signature").replacen("v1,", "", 1);
        let version = ["", "v1a,", "v2,", "V1,", ",", "v1", "v1;", "v1,v1,"][rng.usize(..8)];
        sent.set("webhook-signature", format!("{version}{signed}"));
    }),
    ("another alphabet or padding", |sent, _, rng, _| {
        let signed = sent.get("webhook-signature").to_owned();
        let other = match rng.usize(..3) {
            0 => signed.trim_end_matches('=').to_owned(),
            1 => signed.replace('=', "-"),
            _ => format!("{signed}="),
        };
        sent.set("webhook-signature", other);
    }),
    ("signed with another key", |sent, _, rng, _| {
        let key = FOREIGN_KEYS[rng.usize(..FOREIGN_KEYS.len())];
        let then = sent.get("webhook-timestamp").parse().unwrap();
        let signed = signature(key, sent.get("webhook-id"), then, &sent.body);
        sent.set("webhook-signature", signed);
    }),
    (
        "signed without the body, or without the id",
        |sent, _, rng, _| {
            let then = sent.get("webhook-timestamp").parse().unwrap();
            let signed = match rng.usize(..2) {
                0 => signature(NEW_KEY, sent.get("webhook-id"), then, b""),
                _ => signature(NEW_KEY, "", then, &sent.body),
            };
            sent.set("webhook-signature", signed);
        },
    ),
    (
        "several signatures, none of them good",
        |sent, other, rng, _| {
            let mut many = Vec::new();
            for _ in 0..=rng.usize(..40) {
                many.push(if rng.bool() {
                    other.get("webhook-signature").to_owned()
                } else {
                    format!("v1,{}", signature_like(rng))
                });
            }
            sent.set(
                "webhook-signature",
                many.join([" ", ",", "  "][rng.usize(..3)]),
            );
        },
    ),
    ("a header left out, or twice", |sent, other, rng, _| {
        let name = ["webhook-id", "webhook-timestamp", "webhook-signature"][rng.usize(..3)];
        if rng.bool() {
            sent.headers.remove(name);
        } else {
            // The form in which AWS passes on a header that came twice.
            let twice = format!("{},{}", sent.get(name), other.get(name));
            sent.set(name, twice);
        }
    }),
    (
        "a useless signature beside the good one",
        |sent, other, _, _| {
            let both = format!(
                "{} {}",
                other.get("webhook-signature"),
                sent.get("webhook-signature")
            );
            sent.set("webhook-signature", both);
        },
    ),
];

/// The reasons to refuse a wake that the other crate accepts: the number of wakes, the spelling of times, the body
/// itself.
const STRICTER: [&str; 5] = [
    "timestamp_invalid",
    "wake_id_differs",
    "wake_malformed",
    "invalid_json",
    "body_too_large",
];

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

#[test]
fn changed_wakes_are_refused_as_by_standardwebhooks() {
    let seed = number("GOALPOST_SEED", SEED);
    let mutations = number("GOALPOST_MUTATIONS", MUTATIONS as u64);
    println!("seed {seed}, {mutations} mutations");
    let lanes: Vec<_> = (0..2_u64)
        .map(|lane| std::thread::spawn(move || mutate(seed.wrapping_add(lane), mutations / 2)))
        .collect();
    let mut counts = BTreeMap::new();
    for lane in lanes {
        for (class, (forged, harmless)) in lane.join().expect("a mutation was accepted") {
            let count: &mut (u64, u64) = counts.entry(class).or_default();
            *count = (count.0 + forged, count.1 + harmless);
        }
    }
    let forged: u64 = counts.values().map(|(forged, _)| forged).sum();
    println!("{forged} forged, 0 accepted: {counts:#?}");
    assert_eq!(counts.len(), CLASSES.len(), "every class was drawn");
    assert!(forged * 10 > mutations * 9, "most of them are forgeries");
}

/// Counts by class: forged wakes that were refused, and genuine ones that were accepted.
fn mutate(seed: u64, mutations: u64) -> BTreeMap<&'static str, (u64, u64)> {
    let mut rng = Rng::with_seed(seed);
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for round in 0..mutations {
        // The other crate judges ages by the real clock, so these wakes are current.
        let clock = SystemTime::now();
        let now = i64::try_from(clock.duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
        let key = [NEW_KEY, OLD_KEY][rng.usize(..2)];
        let genuine = Sent::genuine(rng.u64(1..=1_000_000), key, now, 0);
        let other = Sent::genuine(rng.u64(1_000_001..=2_000_000), key, now, 1);
        let (class, mutation) = CLASSES[rng.usize(..CLASSES.len())];
        let mut sent = genuine.clone();
        mutation(&mut sent, &other, &mut rng, now);
        // Occasionally two changes at once; the first eleven classes expect a whole body.
        let is_whole = sent.body == genuine.body && sent.headers.len() == genuine.headers.len();
        if is_whole && rng.usize(..8) == 0 {
            let (_, again) = CLASSES[rng.usize(..11)];
            again(&mut sent, &other, &mut rng, now);
        }
        let access = [Access::Internal, Access::Public][rng.usize(..2)];
        let (ours, theirs) = (sent.ours(access, clock), sent.theirs());
        let description = || {
            format!(
                "seed {seed}, round {round}, {class}: this crate: {ours:?}, the other: {theirs}\n{:?}\n{}",
                sent.headers,
                String::from_utf8_lossy(&sent.body)
            )
        };
        let count = counts.entry(class).or_default();
        if sent.is_still(&genuine) {
            assert!(theirs && ours.is_none(), "{}", description());
            count.1 += 1;
            continue;
        }
        count.0 += 1;
        match ours {
            None => panic!("a forged wake was accepted: {}", description()),
            Some(code) => assert!(!theirs || STRICTER.contains(&code), "{}", description()),
        }
    }
    counts
}
