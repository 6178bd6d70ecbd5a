//! Numbers as JSON Schema compares them: 1 and 1.0 are equal.

use std::cmp::Ordering;

use serde_json::Value;

/// Every whole number below it, as floating point, fits into 128 bits.
const MAX_WHOLE: f64 = 1e38;

#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Whole(i128),
    Float(f64),
}

impl Number {
    /// Reads a number; none for other values, and for numbers larger than floating point holds.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let number = value.as_number()?;
        if let Some(whole) = number.as_i128() {
            return Some(Self::Whole(whole));
        }
        let float = number.as_f64().filter(|float| float.is_finite())?;
        Some(if float.fract() == 0.0 && float.abs() < MAX_WHOLE {
            // Cannot be cut: it is whole and small enough.
            Self::Whole(float as i128)
        } else {
            Self::Float(float)
        })
    }

    pub(super) fn is_whole(self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Float(float) => float.fract() == 0.0,
        }
    }

    pub(super) fn is_multiple_of(self, part: Self) -> bool {
        if let (Self::Whole(number), Self::Whole(part)) = (self, part) {
            return number.checked_rem(part) == Some(0);
        }
        let times = self.as_float() / part.as_float();
        (times - times.round()).abs() <= f64::EPSILON * times.abs().max(1.0)
    }

    fn as_float(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Float(float) => float,
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(left), Self::Whole(right)) => left.partial_cmp(right),
            _ => self.as_float().partial_cmp(&other.as_float()),
        }
    }
}
