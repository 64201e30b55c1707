//! Writes charts as archives that Helm reads. The same chart gives the same bytes.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};

use super::{Chart, Error, archive, goerr, metadata};
use crate::goyaml;

/// Helm marks its archives with these in the gzip header.
const HEADER: &[u8] = b"rr\x28\x00aHR0cHM6Ly95b3V0dS5iZS96OVV6MWljandyTQo=";
/// Time of all files where nobody gives another: 1980-01-01, the earliest that all archive formats can say.
const DEFAULT_TIME: u64 = 315_532_800;

/// Writes `NAME-VERSION.tgz` into a directory, which is made if need be: the path of the archive.
///
/// The times in the archive are those of `SOURCE_DATE_EPOCH`, else 1980-01-01.
///
/// # Errors
/// The chart is invalid, or the file cannot be written.
pub fn save(chart: &Chart, directory: &Path) -> Result<PathBuf, Error> {
    chart.metadata.clone().validate().map_err(|e| e.within("chart validation"))?;
    let name = format!("{}-{}.tgz", chart.name(), chart.metadata.version);
    let path = PathBuf::from(archive::clean(&directory.join(name).to_string_lossy()));
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match std::fs::metadata(directory) {
        Ok(about) if !about.is_dir() => {
            return Err(Error::new(format!("is not a directory: {}", directory.display())));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let (shown, error) = (directory.display(), goerr::path_error("stat", directory, &error));
            return Err(Error::new(format!("stat {shown}: {error}")));
        }
        _ => goerr::make_directories(directory).map_err(Error::new)?,
    }
    let time = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|t| t.parse().ok()).unwrap_or(DEFAULT_TIME);
    let data = pack(chart, time)?;
    std::fs::write(&path, data).map_err(|e| Error::new(goerr::path_error("open", &path, &e)))?;
    Ok(path)
}

/// The archive of a chart, every file in it with the same time (seconds since 1970).
///
/// ```
/// use vulas_native::chart::{Notices, embedded, save};
///
/// # fn main() -> Result<(), vulas_native::chart::Error> {
/// let chart = embedded::load("admin", &Notices::new()).expect("it is compiled in")?;
/// assert_eq!(save::pack(&chart, 0)?, save::pack(&chart, 0)?);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The chart cannot be written down: an invalid schema, for example.
pub fn pack(chart: &Chart, time: u64) -> Result<Vec<u8>, Error> {
    let zipper = GzBuilder::new().extra(HEADER).comment("Helm").write(Vec::new(), Compression::default());
    let mut archive = tar::Builder::new(zipper);
    let mut add = |path: &str, data: &[u8]| -> io::Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_mtime(time);
        header.set_size(data.len() as u64);
        archive.append_data(&mut header, path, data)
    };
    write_chart(chart, chart.name(), &mut add)?;
    let zipper = archive.into_inner().map_err(|e| Error::new(goerr::reason(&e)))?;
    let mut data = zipper.finish().map_err(|e| Error::new(goerr::reason(&e)))?;
    data.flush().map_err(|e| Error::new(goerr::reason(&e)))?;
    Ok(data)
}

type Add<'a> = dyn FnMut(&str, &[u8]) -> io::Result<()> + 'a;

fn write_chart(chart: &Chart, base: &str, add: &mut Add<'_>) -> Result<(), Error> {
    let failed = |e: io::Error| Error::new(goerr::reason(&e));
    let yaml = |value| goyaml::to_yaml(&value).map_err(|e| Error::new(e.to_string()));
    let second_generation = chart.metadata.api_version != "v1";
    let metadata = yaml(chart.metadata.to_value(second_generation))?;
    add(&metadata::join(base, "Chart.yaml"), &metadata).map_err(failed)?;
    if let (true, Some(lock)) = (chart.metadata.api_version == "v2", &chart.lock) {
        add(&metadata::join(base, "Chart.lock"), &yaml(lock.to_value())?).map_err(failed)?;
    }
    if let Some(schema) = &chart.schema
        && !goyaml::is_json(schema.as_bytes())
    {
        return Err(Error::new("invalid JSON in values.schema.json"));
    }
    let schema = chart.schema.iter().map(|data| ("values.schema.json", data));
    let files = chart.templates.iter().chain(&chart.files).map(|f| (f.name.as_str(), &f.data));
    let values = chart.raw_values.iter().map(|f| (f.name.as_str(), &f.data));
    for (name, data) in values.chain(schema).chain(files) {
        add(&metadata::join(base, name), data.as_bytes()).map_err(failed)?;
    }
    for sub in &chart.dependencies {
        write_chart(sub, &format!("{base}/charts/{}", sub.name()), add)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::{Notices, embedded, loader};

    #[test]
    fn a_packed_chart_is_read_back_and_packs_to_the_same_bytes() {
        let chart = embedded::load("core", &Notices::new()).unwrap().unwrap();
        let packed = pack(&chart, DEFAULT_TIME).unwrap();
        let again = loader::load_archive(&packed, &Notices::new()).unwrap();
        assert_eq!(again.templates, chart.templates);
        assert_eq!(again.files, chart.files);
        assert_eq!(again.dependencies.len(), chart.dependencies.len());
        assert_eq!(pack(&again, DEFAULT_TIME).unwrap(), packed);
    }
}
