//! Renders a chart that is nowhere on disk: `cargo run --no-default-features --example render_from_memory`.

use vulas_native::chart::{File, Notices, loader, values::Overrides};
use vulas_native::render::{self, Capabilities, Options, ReleaseInfo};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let notices = Notices::new();
    let metadata = File::new("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    let defaults = File::new("values.yaml", "replicas: 1\n");
    let template = File::new("templates/web.yaml", "kind: Deployment\nspec:\n  replicas: {{ .Values.replicas }}\n");
    let mut chart = loader::from_files(vec![metadata, defaults, template], &notices)?;
    let values = Overrides { set: &["replicas=3".to_string()], ..Overrides::default() }.merge()?;
    let (release, capabilities) = (ReleaseInfo::install("demo", "default"), Capabilities::default());
    let rendered = render::release(&mut chart, &values, &release, &capabilities, &Options::default(), &notices)?;
    println!("{}", rendered.manifest().trim_end());
    Ok(())
}
