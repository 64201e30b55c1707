//! The report that is kept: HTML for people, Markdown for tickets and chats.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use tera::{Context, Tera};

use super::reporter::StepRecord;

/// A labelled fact.
#[derive(Clone, Debug, Serialize)]
pub struct Fact {
    /// `fork point`
    pub label: String,
    /// `0/5B1F4F0, timeline 1`
    pub value: String,
}

/// An object that was created, changed or deleted.
#[derive(Clone, Debug, Serialize)]
pub struct ObjectLine {
    /// `statefulset/beta-database-master`
    pub object: String,
    /// Empty for what is cluster-wide.
    pub namespace: String,
    /// `created`, `changed`, `deleted`, `kept`
    pub action: String,
}

/// What can be done now.
#[derive(Clone, Debug, Serialize)]
pub struct NextCommand {
    /// `Go over`
    pub what: String,
    /// A command, ready to paste.
    pub command: String,
}

/// Everything a report says. Whoever fills it leaves secrets out.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// `Upgrade of alpha to beta`
    pub title: String,
    /// The command that was run.
    pub command: String,
    /// What is different now, in a sentence.
    pub outcome: String,
    /// Whether it ended well.
    pub success: bool,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// Releases, versions, positions.
    pub facts: Vec<Fact>,
    /// The steps, in the order they ended.
    pub steps: Vec<StepRecord>,
    /// The objects touched.
    pub objects: Vec<ObjectLine>,
    /// What to do next.
    pub next: Vec<NextCommand>,
    /// Remarks and warnings.
    pub notes: Vec<String>,
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The template and the document do not fit.
    #[error("the report can't be rendered: {0}")]
    Render(#[from] tera::Error),
    /// The file can't be written.
    #[error("the report can't be written to {path}: {source}", path = path.display())]
    Write {
        /// Where to.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
}

/// The templates; the `.html` one escapes what it is given.
const TEMPLATES: [(&str, &str); 2] =
    [("report.html", include_str!("templates/report.html")), ("report.md", include_str!("templates/report.md"))];

impl Document {
    /// The report as one self-contained HTML page.
    ///
    /// # Errors
    /// [`ReportError::Render`]
    pub fn html(&self) -> Result<String, ReportError> {
        self.render("report.html")
    }

    /// The report as Markdown.
    ///
    /// # Errors
    /// [`ReportError::Render`]
    pub fn markdown(&self) -> Result<String, ReportError> {
        self.render("report.md")
    }

    /// Writes `<stem>.html` and `<stem>.md` into the folder, which is made if it isn't there, and returns both paths.
    ///
    /// # Errors
    /// [`ReportError`]
    pub fn write(&self, folder: &Path, stem: &str) -> Result<(PathBuf, PathBuf), ReportError> {
        let put = |name: String, text: String| {
            let path = folder.join(name);
            std::fs::write(&path, text).map(|()| path.clone()).map_err(|source| ReportError::Write { path, source })
        };
        std::fs::create_dir_all(folder).map_err(|source| ReportError::Write { path: folder.into(), source })?;
        Ok((put(format!("{stem}.html"), self.html()?)?, put(format!("{stem}.md"), self.markdown()?)?))
    }

    fn render(&self, template: &str) -> Result<String, ReportError> {
        let mut tera = Tera::default();
        tera.add_raw_templates(TEMPLATES)?;
        let mut context = Context::from_serialize(self)?;
        context.insert("date", &self.started.strftime("%Y-%m-%d").to_string());
        context.insert("from", &self.started.strftime("%H:%M:%S").to_string());
        context.insert("to", &self.finished.strftime("%H:%M:%S UTC").to_string());
        let total = (self.finished.as_millisecond() - self.started.as_millisecond()) as f64 / 1000.0;
        context.insert("total", &format!("{total:.1}"));
        let longest = self.steps.iter().map(|s| s.seconds).fold(0.001, f64::max);
        context.insert("longest", &longest);
        context.insert("version", env!("CARGO_PKG_VERSION"));
        Ok(tera.render(template, &context)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::StepState;

    fn document() -> Document {
        Document {
            title: "Upgrade of alpha to beta".into(),
            command: "vulas-native upgrade --current-release alpha".into(),
            outcome: "beta is up <on alpha's data>".into(),
            success: true,
            started: Timestamp::from_second(1_700_000_000).unwrap(),
            finished: Timestamp::from_second(1_700_000_022).unwrap(),
            facts: vec![Fact { label: "fork point".into(), value: "0/5B1F4F0".into() }],
            steps: vec![StepRecord {
                number: 3,
                name: "fork".into(),
                text: "replayed | by alpha-database-slave-1".into(),
                seconds: 0.1,
                state: StepState::Done,
            }],
            objects: vec![],
            next: vec![NextCommand { what: "Go over".into(), command: "vulas-native route".into() }],
            notes: vec![],
        }
    }

    #[test]
    fn html_escapes_and_holds_everything() {
        let html = document().html().unwrap();
        for part in
            ["Upgrade of alpha to beta", "&lt;on alpha", "0/5B1F4F0", "vulas-native route", "22:13:20", "22.0 s"]
        {
            let part = part.replace('/', "&#x2F;");
            assert!(html.contains(&part) || html.contains(&part.replace("&#x2F;", "/")), "{part} is not in {html}");
        }
        assert!(!html.contains("<on alpha"), "unescaped text");
    }

    #[test]
    fn markdown_keeps_tables_whole() {
        let markdown = document().markdown().unwrap();
        assert!(markdown.contains("| 3 | fork | replayed \\| by alpha-database-slave-1 |"), "{markdown}");
        assert!(markdown.contains("beta is up <on alpha's data>"), "{markdown}");
    }
}
