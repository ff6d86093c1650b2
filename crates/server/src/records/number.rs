//! Numbers of the lock table: decimals of at most 38 significant digits, exact.
//!
//! A number is written and read as text; it is ordered by value, and its sort text keeps that order
//! in row keys. Magnitudes reach from `1E-130` to `9.99…E+125`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Significant digits that a number may have.
const DIGITS_MAX: usize = 38;
/// With the point before the first digit, `9.99…E+125` has this exponent.
const EXPONENT_MAX: i32 = 126;
/// With the point before the first digit, `1E-130` has this exponent.
const EXPONENT_MIN: i32 = -129;
/// Makes every exponent a positive number of three digits.
const EXPONENT_BIAS: i32 = 500;

/// An exact decimal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Number {
    negative: bool,
    /// Digits after the point, without zeros at either end; none for zero.
    digits: Vec<u8>,
    /// The power of ten that multiplies `0.digits`.
    exponent: i32,
}

/// Why a text is not a number, or a result none that can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not a decimal.
    #[error("The parameter cannot be converted to a numeric value")]
    NotNumeric,
    /// Too large.
    #[error(
        "Number overflow. Attempting to store a number with magnitude larger than supported range"
    )]
    Overflow,
    /// Too close to zero.
    #[error(
        "Number underflow. Attempting to store a number with magnitude smaller than supported range"
    )]
    Underflow,
    /// More than 38 significant digits.
    #[error("Attempting to store more than 38 significant digits in a Number")]
    TooPrecise,
}

impl Number {
    /// Takes the zeros off both ends and checks the limits. `digits` stand after the point.
    fn normalised(negative: bool, digits: &[u8], exponent: i64) -> Result<Self, NumberError> {
        let leading = digits.iter().take_while(|digit| **digit == 0).count();
        let significant = digits.get(leading..).unwrap_or_default();
        let trailing = significant.iter().rev().take_while(|digit| **digit == 0).count();
        let significant =
            significant.get(..significant.len().saturating_sub(trailing)).unwrap_or_default();
        if significant.is_empty() {
            return Ok(Self { negative: false, digits: Vec::new(), exponent: 0 });
        }
        let exponent = exponent.saturating_sub(i64::try_from(leading).unwrap_or(i64::MAX));
        if exponent > i64::from(EXPONENT_MAX) {
            return Err(NumberError::Overflow);
        }
        if exponent < i64::from(EXPONENT_MIN) {
            return Err(NumberError::Underflow);
        }
        if significant.len() > DIGITS_MAX {
            return Err(NumberError::TooPrecise);
        }
        let exponent = i32::try_from(exponent).map_err(|_| NumberError::Overflow)?;
        Ok(Self { negative, digits: significant.to_vec(), exponent })
    }

    /// The exact sum.
    ///
    /// # Errors
    /// When it is out of range or needs more than 38 digits; nothing is rounded.
    pub fn plus(&self, other: &Self) -> Result<Self, NumberError> {
        let top = self.exponent.max(other.exponent);
        let (mut ours, mut theirs) = (self.below(top), other.below(top));
        let width = ours.len().max(theirs.len());
        ours.resize(width, 0);
        theirs.resize(width, 0);
        if self.negative == other.negative {
            return Self::normalised(self.negative, &add(&ours, &theirs), i64::from(top) + 1);
        }
        let (negative, larger, smaller) = match ours.cmp(&theirs) {
            Ordering::Less => (other.negative, theirs, ours),
            Ordering::Equal | Ordering::Greater => (self.negative, ours, theirs),
        };
        Self::normalised(negative, &subtract(&larger, &smaller), i64::from(top))
    }

    /// The exact difference.
    ///
    /// # Errors
    /// As for [`Number::plus`].
    pub fn minus(&self, other: &Self) -> Result<Self, NumberError> {
        let mut negated = other.clone();
        negated.negative = !other.negative && !other.digits.is_empty();
        self.plus(&negated)
    }

    /// The digits after the point if the exponent were `top`, which is not smaller than ours.
    fn below(&self, top: i32) -> Vec<u8> {
        let gap = usize::try_from(top.saturating_sub(self.exponent)).unwrap_or(0);
        let mut digits = vec![0; if self.digits.is_empty() { 0 } else { gap }];
        digits.extend_from_slice(&self.digits);
        digits
    }

    /// The number as seconds or the like: its part before the point, if that fits.
    pub fn whole(&self) -> Option<i64> {
        self.to_string().split('.').next()?.parse().ok()
    }

    /// A text whose byte order is the order of the numbers.
    pub fn sort_text(&self) -> String {
        if self.digits.is_empty() {
            return "1".to_owned();
        }
        let biased = self.exponent.saturating_add(EXPONENT_BIAS);
        if self.negative {
            let digits: String =
                self.digits.iter().map(|digit| text_digit(9_u8.saturating_sub(*digit))).collect();
            // The end of a negative number sorts after every digit: -0.12 is larger than -0.123.
            format!("0{:03}{digits}~", 999_i32.saturating_sub(biased))
        } else {
            let digits: String = self.digits.iter().map(|digit| text_digit(*digit)).collect();
            format!("2{biased:03}{digits}")
        }
    }

    /// Bytes that count towards the size of an item: about two digits a byte.
    pub fn size_bytes(&self) -> usize {
        self.digits.len().div_ceil(2) + 1 + usize::from(self.negative)
    }

    fn signum(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }
}

fn text_digit(digit: u8) -> char {
    char::from(digit.saturating_add(b'0'))
}

/// Adds two numbers of the same length; the sum has one digit more.
fn add(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut sum: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(a, b)| {
            let total = a + b + carry;
            carry = total / 10;
            total % 10
        })
        .collect();
    sum.push(carry);
    sum.reverse();
    sum
}

/// Subtracts the smaller of two numbers of the same length from the larger one.
fn subtract(larger: &[u8], smaller: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut difference: Vec<u8> = larger
        .iter()
        .zip(smaller)
        .rev()
        .map(|(a, b)| {
            let total = a + 10 - b - borrow;
            borrow = u8::from(total < 10);
            total % 10
        })
        .collect();
    difference.reverse();
    difference
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        let (mantissa, power) = match text.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, whole_power(power)?),
            None => (text, 0),
        };
        let (negative, unsigned) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let written = [whole, fraction].concat();
        if written.is_empty() || !written.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NumberError::NotNumeric);
        }
        let digits: Vec<u8> = written.bytes().map(|byte| byte.saturating_sub(b'0')).collect();
        let places = i64::try_from(whole.len()).map_err(|_| NumberError::Overflow)?;
        Self::normalised(negative, &digits, places.saturating_add(power))
    }
}

fn whole_power(text: &str) -> Result<i64, NumberError> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberError::NotNumeric);
    }
    // A power of more digits than an i64 has is out of range either way.
    let bounded = text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX });
    Ok(bounded.clamp(-1_000_000_000, 1_000_000_000))
}

impl fmt::Display for Number {
    /// Plain decimal notation, whatever notation the number came in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.digits.is_empty() {
            return f.write_str("0");
        }
        let digits: String = self.digits.iter().map(|digit| text_digit(*digit)).collect();
        let sign = if self.negative { "-" } else { "" };
        let Ok(places) = usize::try_from(self.exponent) else {
            let zeros = usize::try_from(self.exponent.unsigned_abs()).unwrap_or(0);
            return write!(f, "{sign}0.{}{digits}", "0".repeat(zeros));
        };
        match digits.split_at_checked(places) {
            Some(("", fraction)) => write!(f, "{sign}0.{fraction}"),
            Some((whole, "")) => write!(f, "{sign}{whole}"),
            Some((whole, fraction)) => write!(f, "{sign}{whole}.{fraction}"),
            None => write!(f, "{sign}{digits}{}", "0".repeat(places.saturating_sub(digits.len()))),
        }
    }
}

impl From<Number> for String {
    fn from(number: Number) -> Self {
        number.to_string()
    }
}

impl TryFrom<String> for Number {
    type Error = NumberError;

    fn try_from(text: String) -> Result<Self, NumberError> {
        text.parse()
    }
}

impl From<u32> for Number {
    fn from(count: u32) -> Self {
        // Ten digits are always a number.
        count.to_string().parse().unwrap_or(Self { negative: false, digits: vec![], exponent: 0 })
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let signs = self.signum().cmp(&other.signum());
        let magnitudes =
            self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits));
        signs.then(if self.negative { magnitudes.reverse() } else { magnitudes })
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Number, NumberError};

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    #[test]
    fn every_notation_of_a_number_is_the_same_number() {
        for (text, plain) in [
            ("0", "0"),
            ("-0", "0"),
            ("0.000", "0"),
            ("1", "1"),
            ("+1.0", "1"),
            ("001e0", "1"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1E+3", "1000"),
            ("12.50e1", "125"),
            ("-0.00120", "-0.0012"),
            ("1e-130", &format!("0.{}1", "0".repeat(129))),
            ("9e125", &format!("9{}", "0".repeat(125))),
        ] {
            assert_eq!(number(text).to_string(), plain, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_or_out_of_range_is_refused() {
        for text in
            ["", "-", ".", "e1", "1e", "1e+", "1_0", " 1", "1 ", "0x1", "NaN", "--1", "1.2.3"]
        {
            assert_eq!(text.parse::<Number>(), Err(NumberError::NotNumeric), "{text:?}");
        }
        assert_eq!("1e126".parse::<Number>(), Err(NumberError::Overflow));
        assert_eq!("-1e99999999999999999999".parse::<Number>(), Err(NumberError::Overflow));
        assert_eq!("1e-131".parse::<Number>(), Err(NumberError::Underflow));
        assert_eq!("1".repeat(39).parse::<Number>(), Err(NumberError::TooPrecise));
        assert!(format!("{}0000", "1".repeat(38)).parse::<Number>().is_ok());
    }

    #[test]
    fn sums_are_exact_to_38_digits() {
        let nines = "9".repeat(38);
        let huge = number("1e38");
        assert_eq!(huge.minus(&number("1")).unwrap().to_string(), nines);
        assert_eq!(number(&nines).plus(&number("1")).unwrap(), huge);
        assert_eq!(huge.plus(&number("1")), Err(NumberError::TooPrecise));
        assert_eq!(number("9e125").plus(&number("1e125")), Err(NumberError::Overflow));
        assert_eq!(number("0.1").plus(&number("0.2")).unwrap().to_string(), "0.3");
        assert_eq!(number("5").minus(&number("5")).unwrap().to_string(), "0");
        assert_eq!(number("0").minus(&number("1e-130")).unwrap(), number("-1e-130"));
        assert_eq!(number("1.5").whole(), Some(1));
    }

    proptest! {
        #[test]
        fn arithmetic_and_order_are_those_of_integers(a in -10_i128.pow(30)..10_i128.pow(30), b in any::<i64>()) {
            let b = i128::from(b);
            let (x, y) = (number(&a.to_string()), number(&b.to_string()));
            prop_assert_eq!(x.plus(&y).unwrap().to_string(), (a + b).to_string());
            prop_assert_eq!(x.minus(&y).unwrap().to_string(), (a - b).to_string());
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        }

        #[test]
        fn sort_texts_keep_the_order(a in "-?[0-9]{1,4}(\\.[0-9]{1,4})?(e-?[0-9]{1,2})?", b in "-?[0-9]{1,4}(\\.[0-9]{1,4})?(e-?[0-9]{1,2})?") {
            let (a, b) = (number(&a), number(&b));
            prop_assert_eq!(a.sort_text().cmp(&b.sort_text()), a.cmp(&b));
        }

        #[test]
        fn printed_numbers_are_read_back(text in "-?[0-9]{1,20}\\.[0-9]{0,18}(e-?[0-9]{1,2})?") {
            let read = number(&text);
            prop_assert_eq!(number(&read.to_string()), read);
        }
    }
}
