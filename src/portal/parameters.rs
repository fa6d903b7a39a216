//! The query of a request: names that are known, each read once, whatever else is refused.

use std::str::FromStr;

use axum::http::Uri;
use url::form_urlencoded;

use crate::portal::problem::Problem;

/// Parameters of one request; more are refused.
pub const PARAMETERS_LIMIT: usize = 100;

/// The parameters of a request.
#[derive(Debug)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads the query; other names than these are refused, and those whose value is empty are as if they were not there: forms send them.
    pub(crate) fn read(uri: &Uri, names: &[&str]) -> Result<Self, Problem> {
        let mut parameters = Vec::new();
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            if !names.contains(&&*name) {
                let known = names.join("`, `");
                return Err(Problem::bad_request(format!("there is no parameter of that name; there are `{known}`")));
            }
            if parameters.len() == PARAMETERS_LIMIT {
                return Err(Problem::bad_request(format!("at most {PARAMETERS_LIMIT} parameters are taken")));
            }
            if !value.is_empty() {
                parameters.push((name.into_owned(), value.into_owned()));
            }
        }
        Ok(Self(parameters))
    }

    /// All values of a parameter.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that is there once or not at all.
    pub(crate) fn text<'a>(&'a self, name: &'a str) -> Result<Option<&'a str>, Problem> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            _ => Err(Problem::bad_request(format!("`{name}` is given twice"))),
        }
    }

    /// A parameter in its type.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, Problem>
    where
        T::Err: std::fmt::Display,
    {
        let parse = |value: &str| value.parse().map_err(|error| Problem::bad_request(format!("`{name}`: {error}")));
        self.text(name)?.map(parse).transpose()
    }

    /// A whole number in a range, or what it is without the parameter.
    pub(crate) fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<usize>,
        absent: usize,
    ) -> Result<usize, Problem> {
        match self.parsed::<usize>(name)? {
            None => Ok(absent),
            Some(number) if range.contains(&number) => Ok(number),
            Some(_) => {
                Err(Problem::bad_request(format!("`{name}` is a number from {} to {}", range.start(), range.end())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Parameters, Problem> {
        Parameters::read(&format!("/x?{query}").parse().unwrap(), &["q", "tag", "limit"])
    }

    #[test]
    fn names_are_known_and_values_in_range() {
        let parameters = read("q=a+b%26&tag=x&tag=y&limit=").unwrap();
        assert_eq!(parameters.text("q").unwrap(), Some("a b&"));
        assert_eq!(parameters.all("tag").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(parameters.number("limit", 1..=9, 5).unwrap(), 5);
        assert!(parameters.text("tag").is_err());
        for (query, status) in [("other=1", 400), ("Q=1", 400)] {
            assert_eq!(read(query).unwrap_err().status(), status, "{query}");
        }
        for number in ["0", "10", "-1", "1e3", "99999999999999999999"] {
            assert!(read(&format!("limit={number}")).unwrap().number("limit", 1..=9, 5).is_err(), "{number}");
        }
        assert_eq!(read(&"tag=a&".repeat(PARAMETERS_LIMIT + 1)).unwrap_err().status(), 400);
    }
}
