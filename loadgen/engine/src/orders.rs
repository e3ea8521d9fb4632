//! Order events made from seeded templates: JSON as shops write it. Ids and amounts are as random as real ones, names
//! and words as repetitive. So a codec does on them what it does on real events.

use loadgen_result::rng::Rng;
use std::fmt::Write;

const STATUSES: [&str; 6] = ["created", "paid", "packed", "shipped", "delivered", "cancelled"];
const CURRENCIES: [&str; 5] = ["EUR", "USD", "GBP", "SEK", "JPY"];
const CHANNELS: [&str; 4] = ["web", "ios", "android", "store"];
const CITIES: [(&str, &str); 12] = [
    ("Berlin", "DE"),
    ("London", "GB"),
    ("Paris", "FR"),
    ("New York", "US"),
    ("Stockholm", "SE"),
    ("Tokyo", "JP"),
    ("Hamburg", "DE"),
    ("Lyon", "FR"),
    ("Chicago", "US"),
    ("Osaka", "JP"),
    ("Malmö", "SE"),
    ("Leeds", "GB"),
];
const ADJECTIVES: [&str; 10] =
    ["Classic", "Slim", "Organic", "Wireless", "Portable", "Vintage", "Compact", "Heavy", "Soft", "Recycled"];
const THINGS: [&str; 14] = [
    "Shirt",
    "Lamp",
    "Kettle",
    "Keyboard",
    "Backpack",
    "Notebook",
    "Chair",
    "Bottle",
    "Headphones",
    "Jacket",
    "Mug",
    "Bicycle Pump",
    "Desk Fan",
    "Tent",
];

const CUSTOMERS: u64 = 2_000_000;
const PRODUCTS: u64 = 50_000;
const EPOCH_MS: u64 = 1_767_225_600_000; // 2026-01-01

/// Makes one event after the other.
#[derive(Debug)]
pub struct Orders {
    rng: Rng,
    next_id: u64,
    clock_ms: u64,
}

impl Orders {
    /// Equal seeds make equal events.
    pub fn new(seed: u64) -> Orders {
        let mut rng = Rng::new(seed ^ 0x6f72_6465_7273);
        let next_id = 10_000_000 + rng.below(80_000_000);
        Orders { rng, next_id, clock_ms: EPOCH_MS }
    }

    /// Appends the next event to `out`.
    pub fn write_next(&mut self, out: &mut String) {
        const INTO_STRING: &str = "writing into a string does not fail";
        let rng = &mut self.rng;
        self.next_id += 1 + rng.below(7);
        self.clock_ms += rng.below(40);
        let (city, country) = *rng.pick(&CITIES.each_ref());
        write!(
            out,
            r#"{{"order_id":{},"trace":"{:016x}","at_ms":{},"status":"{}","channel":"{}","customer":{{"id":"c{:07}","city":"{city}","country":"{country}"}},"items":["#,
            self.next_id,
            rng.next_u64(),
            self.clock_ms,
            rng.pick(&STATUSES),
            rng.pick(&CHANNELS),
            rng.skewed_below(CUSTOMERS),
        )
        .expect(INTO_STRING);
        let mut total_cents = 0;
        for item in 0..=rng.skewed_below(4) {
            let product = rng.skewed_below(PRODUCTS);
            let (cents, quantity) = (199 + product * 7919 % 24_000, 1 + rng.skewed_below(4));
            total_cents += cents * quantity;
            let comma = if item == 0 { "" } else { "," };
            let adjective = ADJECTIVES[(product % 10) as usize];
            let thing = THINGS[(product % 14) as usize];
            write!(
                out,
                r#"{comma}{{"sku":"SKU-{product:05}","name":"{adjective} {thing}","qty":{quantity},"price":{}.{:02}}}"#,
                cents / 100,
                cents % 100,
            )
            .expect(INTO_STRING);
        }
        let (whole, cents, currency) = (total_cents / 100, total_cents % 100, rng.pick(&CURRENCIES));
        write!(out, r#"],"total":{whole}.{cents:02},"currency":"{currency}"}}"#).expect(INTO_STRING);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_json_distinct_and_repeat_with_the_seed() {
        let (mut a, mut b) = (Orders::new(3), Orders::new(3));
        let mut seen = std::collections::HashSet::new();
        for _ in 0..2_000 {
            let (mut one, mut two) = (String::new(), String::new());
            a.write_next(&mut one);
            b.write_next(&mut two);
            assert_eq!(one, two);
            let json: serde_json::Value = serde_json::from_str(&one).unwrap();
            assert!(json["items"].as_array().is_some_and(|items| !items.is_empty()));
            assert!(seen.insert(one));
        }
    }

    #[test]
    fn codecs_do_on_them_what_they_do_on_real_events() {
        let (mut orders, mut text) = (Orders::new(1), String::new());
        for _ in 0..200 {
            orders.write_next(&mut text);
        }
        let ratio = text.len() as f64 / zstd::bulk::compress(text.as_bytes(), 3).unwrap().len() as f64;
        assert!((2.5..7.0).contains(&ratio), "zstd makes them {ratio:.1} times smaller");
    }
}
