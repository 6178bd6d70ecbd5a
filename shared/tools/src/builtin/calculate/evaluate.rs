//! Evaluates tokens by recursive descent: sum, product, sign, power, percentage, operand.

use rust_decimal::{Decimal, MathematicalOps};

use super::error::Error;
use super::tokens::{Token, tokens};

/// The longest expression.
pub(super) const MAX_EXPRESSION_BYTES: usize = 2_000;

/// Parentheses within parentheses.
const MAX_DEPTH: usize = 50;

/// Evaluates an expression; [`super`] documents the syntax.
///
/// # Errors
/// See [`Error`]; each names the fault of the expression.
pub(super) fn evaluate(expression: &str) -> Result<Decimal, Error> {
    if expression.len() > MAX_EXPRESSION_BYTES {
        return Err(Error::Syntax(format!(
            "it is longer than {MAX_EXPRESSION_BYTES} bytes"
        )));
    }
    let mut parser = Parser {
        tokens: tokens(expression)?,
        at: 0,
        depth: 0,
    };
    let value = parser.sum()?.number()?;
    match parser.peek() {
        None => Ok(value),
        Some(token) => Err(Error::Syntax(format!(
            "{} is not expected there",
            shown(token)
        ))),
    }
}

/// A value that may still be a percentage of the value it is added to.
#[derive(Clone, Copy)]
enum Operand {
    Number(Decimal),
    /// In hundredths: `10%` holds 10.
    Percent(Decimal),
}

impl Operand {
    fn number(self) -> Result<Decimal, Error> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Percent(hundredths) => hundredths
                .checked_div(Decimal::ONE_HUNDRED)
                .ok_or(Error::TooLarge),
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    /// Consumes a symbol if it comes next.
    fn takes(&mut self, symbol: char) -> bool {
        let found = self.peek() == Some(&Token::Symbol(symbol));
        self.at += usize::from(found);
        found
    }

    fn sum(&mut self) -> Result<Operand, Error> {
        let mut left = self.product()?;
        loop {
            let sign = if self.takes('+') {
                Decimal::ONE
            } else if self.takes('-') {
                Decimal::NEGATIVE_ONE
            } else {
                return Ok(left);
            };
            let base = left.number()?;
            let right = self.product()?;
            // A percentage refers to the value before it, as on a pocket calculator.
            let change = match right {
                Operand::Percent(_) => base.checked_mul(right.number()?),
                Operand::Number(number) => Some(number),
            };
            let change = change
                .and_then(|change| change.checked_mul(sign))
                .ok_or(Error::TooLarge)?;
            left = Operand::Number(base.checked_add(change).ok_or(Error::TooLarge)?);
        }
    }

    fn product(&mut self) -> Result<Operand, Error> {
        let mut left = self.signed()?;
        loop {
            let of = self.peek() == Some(&Token::Name("of".into()));
            self.at += usize::from(of);
            if of || self.takes('*') {
                let product = left.number()?.checked_mul(self.signed()?.number()?);
                left = Operand::Number(product.ok_or(Error::TooLarge)?);
            } else if self.takes('/') {
                left = Operand::Number(divided(left.number()?, self.signed()?.number()?)?);
            } else if self.takes('%') {
                let (number, divisor) = (left.number()?, self.signed()?.number()?);
                if divisor.is_zero() {
                    return Err(Error::DivisionByZero);
                }
                left = Operand::Number(number.checked_rem(divisor).ok_or(Error::TooLarge)?);
            } else {
                return Ok(left);
            }
        }
    }

    fn signed(&mut self) -> Result<Operand, Error> {
        let mut negative = false;
        loop {
            if self.takes('-') {
                negative = !negative;
            } else if !self.takes('+') {
                break;
            }
        }
        let operand = self.power()?;
        Ok(match operand {
            Operand::Number(number) if negative => Operand::Number(-number),
            Operand::Percent(number) if negative => Operand::Percent(-number),
            positive => positive,
        })
    }

    fn power(&mut self) -> Result<Operand, Error> {
        let base = self.percentage()?;
        if !self.takes('^') {
            return Ok(base);
        }
        self.enter()?;
        let exponent = self.signed()?.number()?;
        self.depth -= 1;
        Ok(Operand::Number(raised(base.number()?, exponent)?))
    }

    /// Reads an operand, with `%` after it unless that `%` stands between two operands.
    fn percentage(&mut self) -> Result<Operand, Error> {
        let number = self.operand()?;
        let is_remainder = match self.tokens.get(self.at + 1) {
            Some(Token::Number(_) | Token::Symbol('(')) => true,
            Some(Token::Name(name)) => name != "of",
            _ => false,
        };
        if !is_remainder && self.takes('%') {
            return Ok(Operand::Percent(number));
        }
        Ok(Operand::Number(number))
    }

    fn operand(&mut self) -> Result<Decimal, Error> {
        let token = self.peek().cloned();
        self.at += 1;
        match token {
            Some(Token::Number(number)) => Ok(number),
            Some(Token::Symbol('(')) => {
                self.enter()?;
                let value = self.sum()?.number()?;
                self.depth -= 1;
                self.closed(value)
            }
            Some(Token::Name(name)) => self.call(&name),
            Some(token) => Err(Error::Syntax(format!(
                "a number is missing before {}",
                shown(&token)
            ))),
            None => Err(Error::Syntax("it ends where a number is missing".into())),
        }
    }

    fn call(&mut self, name: &str) -> Result<Decimal, Error> {
        if !self.takes('(') {
            return Err(Error::Syntax(format!(
                "`{name}` is not known, or has no arguments in parentheses"
            )));
        }
        self.enter()?;
        let mut arguments = vec![self.sum()?.number()?];
        while self.takes(',') {
            arguments.push(self.sum()?.number()?);
        }
        self.depth -= 1;
        let value = apply(name, &arguments)?;
        self.closed(value)
    }

    fn closed(&mut self, value: Decimal) -> Result<Decimal, Error> {
        if self.takes(')') {
            Ok(value)
        } else {
            Err(Error::Syntax("a `)` is missing".into()))
        }
    }

    fn enter(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::Syntax(format!(
                "more than {MAX_DEPTH} levels of parentheses"
            )));
        }
        Ok(())
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Number(number) => format!("`{number}`"),
        Token::Name(name) => format!("`{name}`"),
        Token::Symbol(symbol) => format!("`{symbol}`"),
    }
}

fn divided(number: Decimal, divisor: Decimal) -> Result<Decimal, Error> {
    if divisor.is_zero() {
        return Err(Error::DivisionByZero);
    }
    number.checked_div(divisor).ok_or(Error::TooLarge)
}

fn raised(base: Decimal, exponent: Decimal) -> Result<Decimal, Error> {
    let whole: Result<i64, _> = exponent.normalize().to_string().parse();
    let Ok(whole) = whole else {
        return Err(Error::Domain(
            "an exponent must be a whole number; use sqrt for square roots",
        ));
    };
    if base.is_zero() && whole < 0 {
        return Err(Error::DivisionByZero);
    }
    // Beyond this any base but 0, 1 and -1 has left the range long before.
    if whole.unsigned_abs() > 10_000 {
        return Err(Error::TooLarge);
    }
    let mut power = Decimal::ONE;
    for _ in 0..whole.unsigned_abs() {
        power = power.checked_mul(base).ok_or(Error::TooLarge)?;
    }
    if whole < 0 {
        divided(Decimal::ONE, power)
    } else {
        Ok(power)
    }
}

fn apply(name: &str, arguments: &[Decimal]) -> Result<Decimal, Error> {
    let total = || {
        let sum = arguments
            .iter()
            .try_fold(Decimal::ZERO, |sum, next| sum.checked_add(*next));
        sum.ok_or(Error::TooLarge)
    };
    let extreme = |value: Option<&Decimal>| value.copied().ok_or(Error::Domain("no arguments"));
    match (name, arguments) {
        ("sum", _) => total(),
        ("avg" | "average" | "mean", _) => divided(total()?, Decimal::from(arguments.len())),
        ("min", _) => extreme(arguments.iter().min()),
        ("max", _) => extreme(arguments.iter().max()),
        ("abs", [number]) => Ok(number.abs()),
        ("sqrt", [number]) => number
            .sqrt()
            .ok_or(Error::Domain("sqrt needs a number that is not negative")),
        ("round", [number]) => Ok(rounded(*number, 0)),
        ("round", [number, places]) => {
            let places: Result<u32, _> = places.normalize().to_string().parse();
            let places = places.ok().filter(|places| *places <= 28);
            Ok(rounded(
                *number,
                places.ok_or(Error::Domain("round takes 0 to 28 decimal places"))?,
            ))
        }
        ("abs" | "sqrt", _) => Err(Error::Domain("abs and sqrt take one number")),
        ("round", _) => Err(Error::Domain(
            "round takes a number and, if wanted, decimal places",
        )),
        _ => Err(Error::Syntax(format!(
            "there is no function `{name}`; use sum, avg, min, max, abs, round or sqrt"
        ))),
    }
}

/// Rounds half away from zero, as people do.
fn rounded(number: Decimal, places: u32) -> Decimal {
    number.round_dp_with_strategy(places, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
}
