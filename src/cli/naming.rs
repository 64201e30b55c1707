//! The name of a release on a command line: given, made of a template, or generated.

use super::environment;
use crate::chart::Error;
use crate::gotemplate::{MissingKey, Set, Value};
use crate::sprig;

/// The flags that make a name.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Naming {
    /// Specify template used to name the release
    #[arg(long, value_name = "TEMPLATE", default_value = "")]
    name_template: String,
    /// Generate the name (and omit the NAME parameter)
    #[arg(short = 'g', long)]
    generate_name: bool,
}

impl Naming {
    /// The name and the chart, of the words `[NAME] CHART`; `otherwise` is the name when nothing says one.
    ///
    /// # Errors
    /// Helm's texts for too many names and for none, and for a broken template.
    pub fn name_and_chart<'a>(&self, words: &'a [String], otherwise: Option<&str>) -> Result<(String, &'a str), Error> {
        match words {
            [_, _] if self.generate_name => Err(Error::new("cannot set --generate-name and also specify a name")),
            [_, _] if !self.name_template.is_empty() => {
                Err(Error::new("cannot set --name-template and also specify a name"))
            }
            [name, chart] => Ok((name.clone(), chart)),
            [chart] if !self.name_template.is_empty() => Ok((from_template(&self.name_template)?, chart)),
            [chart] => match otherwise {
                Some(name) => Ok((name.into(), chart)),
                None if self.generate_name => Ok((generated(chart), chart)),
                None => Err(Error::new("must either provide a name or specify --generate-name")),
            },
            words => Err(Error::new(format!(
                "expected at most two arguments, unexpected arguments: {}",
                words.get(2..).unwrap_or_default().join(", ")
            ))),
        }
    }
}

/// A template with sprig's functions, those of the environment included, and no data.
fn from_template(template: &str) -> Result<String, Error> {
    let functions = sprig::functions().chain(environment::FUNCTIONS);
    let mut set = Set::new("name-template", functions).missing_key(MissingKey::Default);
    set.parse("name-template", template).map_err(|e| Error::new(e.to_string()))?;
    let mut host = sprig::Host::new(Box::new(()));
    let name = set.execute("name-template", Value::Nil, &mut host).map_err(|e| Error::new(e.to_string()))?;
    Ok(String::from_utf8_lossy(&name).into_owned())
}

/// The base of the chart's path, without what follows a dot, and the time.
fn generated(chart: &str) -> String {
    let base = chart.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let base = if base.is_empty() || base == "." { "chart" } else { base };
    let base = base.split('.').next().unwrap_or_default();
    format!("{base}-{}", jiff::Timestamp::now().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_given_or_made() {
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let template = Naming { name_template: "x-{{ \"B\" | lower }}".into(), ..Naming::default() };
        assert_eq!(template.name_and_chart(&words("c"), None).unwrap(), ("x-b".to_string(), "c"));
        assert!(template.name_and_chart(&words("n c"), None).is_err());
        let generate = Naming { generate_name: true, ..Naming::default() };
        let words = words("./dir/chart-1.2.3.tgz");
        let (name, _) = generate.name_and_chart(&words, None).unwrap();
        assert!(name.strip_prefix("chart-1-").is_some_and(|time| time.parse::<i64>().is_ok()), "{name}");
        assert!(Naming::default().name_and_chart(&words, None).is_err());
    }
}
