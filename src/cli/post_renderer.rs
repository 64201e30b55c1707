//! `--post-renderer`: there are no plugins here, so there is none to be found.

/// Helm's flags for plugins that change what was rendered.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct PostRenderer {
    #[arg(long, hide = true, value_parser = find)]
    post_renderer: Vec<String>,
    #[arg(long, hide = true)]
    post_renderer_args: Vec<String>,
}

/// # Errors
/// Helm's text for a plugin that is not installed.
fn find(name: &str) -> Result<String, String> {
    if name.is_empty() {
        return Ok(String::new());
    }
    Err(format!("plugin: {{Name:{name} Type:postrenderer/v1}} not found"))
}
