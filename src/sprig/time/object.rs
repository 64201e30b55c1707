//! A time as templates see it: its methods.

use std::any::Any;
use std::rc::Rc;

use super::{Time, Zone, round_duration};
use crate::gotemplate::{FuncError, IntKind, Object, Scope, Signature, Type, Value};

/// A time as a value.
pub(in crate::sprig) fn value(time: Time) -> Value {
    Value::Object(Rc::new(time))
}

fn duration(nanoseconds: i64) -> Value {
    Value::Int(nanoseconds, IntKind::Duration)
}

impl Time {
    fn unix_in(&self, per_second: i64) -> Value {
        let within = i64::from(self.nanoseconds) / (1_000_000_000 / per_second);
        Value::int64(self.seconds.wrapping_mul(per_second).wrapping_add(within))
    }

    /// `Time.Truncate` and `Time.Round` work on the time since the year 1.
    fn remainder(&self, unit: i64) -> i64 {
        let since_year_one = i128::from(self.seconds) - i128::from(super::YEAR_ONE);
        let nanoseconds = since_year_one * 1_000_000_000 + i128::from(self.nanoseconds);
        nanoseconds.rem_euclid(unit.into()) as i64
    }

    fn without_monotonic(&self) -> Self {
        Self { monotonic: None, ..self.clone() }
    }
}

const NANOSECONDS: Type = Type::Named("time.Duration");

impl Object for Time {
    fn type_name(&self) -> &'static str {
        "time.Time"
    }

    fn kind_name(&self) -> &'static str {
        "struct"
    }

    fn field(&self, name: &str) -> Option<Result<Value, FuncError>> {
        let civil = self.civil();
        Some(Ok(match name {
            "Year" => Value::int(civil.year),
            "Month" => Value::Int(civil.month, IntKind::Month),
            "Day" => Value::int(civil.day),
            "YearDay" => Value::int(civil.year_day),
            "Weekday" => Value::Int(civil.week_day, IntKind::Weekday),
            "Hour" => Value::int(civil.hour),
            "Minute" => Value::int(civil.minute),
            "Second" => Value::int(civil.second),
            "Nanosecond" => Value::int(self.nanoseconds.into()),
            "Unix" => Value::int64(self.seconds),
            "UnixMilli" => self.unix_in(1000),
            "UnixMicro" => self.unix_in(1_000_000),
            "UnixNano" => self.unix_in(1_000_000_000),
            "UTC" => value(self.with_zone(Zone::Utc)),
            "Local" => value(self.with_zone(Zone::local())),
            "IsZero" => (self.seconds == super::YEAR_ONE && self.nanoseconds == 0).into(),
            "IsDST" => self.zone.at(self.seconds).dst.into(),
            "String" => self.text().into(),
            "MarshalText" => Value::Bytes(Rc::new(self.format(RFC3339_NANO))),
            "MarshalJSON" => Value::Bytes(Rc::new([b"\"", self.format(RFC3339_NANO).as_slice(), b"\""].concat())),
            _ => return None,
        }))
    }

    fn unexported_fields(&self) -> &'static [&'static str] {
        &["wall", "ext", "loc"]
    }

    fn is_method(&self, _name: &str) -> bool {
        true
    }

    fn method(&self, name: &str) -> Option<Signature> {
        let params: &'static [Type] = match name {
            "Format" => &[Type::Str],
            "Add" | "Round" | "Truncate" => &[NANOSECONDS],
            "AddDate" => &[Type::Int, Type::Int, Type::Int],
            "Sub" | "After" | "Before" | "Equal" | "Compare" => &[Type::Time],
            _ => return None,
        };
        Some(Signature { params, variadic: None })
    }

    fn call(&self, _scope: &mut dyn Scope, name: &str, args: &[Value]) -> Option<Result<Value, FuncError>> {
        Some(Ok(match (name, args) {
            ("Format", [Value::Str(layout)]) => Value::str(self.format(layout.as_bytes())),
            ("Add", [Value::Int(nanoseconds, _)]) => value(self.add(*nanoseconds)),
            ("Truncate" | "Round", [Value::Int(unit, _)]) => {
                let time = self.without_monotonic();
                if *unit <= 0 {
                    return Some(Ok(value(time)));
                }
                let rest = self.remainder(*unit);
                let up = name == "Round" && round_duration(rest, *unit) > 0;
                value(time.add(if up { unit - rest } else { -rest }))
            }
            ("AddDate", [Value::Int(years, _), Value::Int(months, _), Value::Int(days, _)]) => {
                let civil = self.civil();
                let date = (civil.year + years, civil.month + months, civil.day + days);
                let of_day = civil.hour * 3600 + civil.minute * 60 + civil.second;
                value(Self::from_civil(date, of_day, self.nanoseconds, self.zone.clone()))
            }
            (_, [Value::Object(other)]) => {
                let other = other.as_any().downcast_ref::<Self>()?;
                let order = (self.seconds, self.nanoseconds).cmp(&(other.seconds, other.nanoseconds));
                match name {
                    "Sub" => duration(self.since(other)),
                    "After" => order.is_gt().into(),
                    "Before" => order.is_lt().into(),
                    "Equal" => order.is_eq().into(),
                    "Compare" => Value::int(order as i64),
                    _ => return None,
                }
            }
            _ => return None,
        }))
    }

    fn display(&self) -> String {
        self.text()
    }

    fn is_stringer(&self) -> bool {
        true
    }

    fn to_plain(&self) -> Value {
        Value::str(self.format(RFC3339_NANO))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

const RFC3339_NANO: &[u8] = b"2006-01-02T15:04:05.999999999Z07:00";
