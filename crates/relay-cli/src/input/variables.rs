//! The values of the variables in a configuration file.

use std::{
    cell::RefCell,
    env, fs,
    path::{MAIN_SEPARATOR_STR, Path, PathBuf, absolute},
};

/// The variables of one configuration file.
pub(crate) struct ConfigVariables {
    /// The folder that the configuration belongs to.
    workspace: PathBuf,
    /// The name of a variable that is set, but is not UTF-8.
    not_utf8: RefCell<Option<String>>,
}

impl ConfigVariables {
    /// Creates the variables for the file at `path`. The folder of a file in a folder of an editor,
    /// such as `.vscode`, is the parent of that folder.
    pub(crate) fn new(path: &Path) -> Self {
        let path = absolute(path).unwrap_or_else(|_| path.to_owned());
        let folder = path.parent().unwrap_or(Path::new(""));
        let workspace = match folder.file_name().and_then(|name| name.to_str()) {
            Some(".vscode" | ".cursor" | ".zed" | ".windsurf" | ".gemini" | ".codex") => {
                folder.parent().unwrap_or(folder)
            }
            _ => folder,
        };
        Self { workspace: workspace.to_owned(), not_utf8: RefCell::default() }
    }

    /// Returns the value of an environment variable.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let value = env::var_os(name)?.into_string();
        value.map_err(|_| self.not_utf8.replace(Some(name.to_owned()))).ok()
    }

    /// Returns the value of a variable in a JSON file.
    ///
    /// Variables that editors define, such as `${workspaceFolder}`, are supported. The value of an
    /// input such as `${input:api-key}` is read from the environment variable `INPUT_API_KEY`.
    pub(crate) fn json_variable(&self, name: &str) -> Option<String> {
        match name.split_once(':') {
            Some(("file", path)) => fs::read_to_string(self.path(path)?).ok(),
            Some(("input", id)) => {
                let to_name_char = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
                let id: String = id.chars().map(to_name_char).collect();
                self.variable(&format!("INPUT_{}", id.to_ascii_uppercase()))
            }
            _ => self.variable(name).or_else(|| self.editor_variable(name)),
        }
    }

    /// Returns the name of a variable that is not UTF-8, if one was requested.
    pub(crate) fn not_utf8(self) -> Option<String> {
        self.not_utf8.into_inner()
    }

    /// Returns a path in a configuration. It is relative to the workspace, and `~/` is the home
    /// folder.
    fn path(&self, path: &str) -> Option<PathBuf> {
        match path.strip_prefix("~/") {
            Some(rest) => Some(env::home_dir()?.join(rest)),
            None => Some(self.workspace.join(path)),
        }
    }

    /// Returns the value of a variable that editors define.
    fn editor_variable(&self, name: &str) -> Option<String> {
        let path = match name {
            "workspaceFolder" => self.workspace.as_os_str().to_owned(),
            "workspaceFolderBasename" => self.workspace.file_name()?.to_owned(),
            "userHome" => env::home_dir()?.into_os_string(),
            "pathSeparator" => MAIN_SEPARATOR_STR.into(),
            _ => return None,
        };
        path.into_string().ok()
    }
}
