//! What the texts of a configuration stand for.

use std::{
    cell::RefCell,
    env, fs,
    path::{MAIN_SEPARATOR_STR, Path, PathBuf, absolute},
};

/// What the texts of one configuration file stand for.
pub(crate) struct ConfigVariables {
    /// The folder that the file is for.
    workspace: PathBuf,
    /// A variable that is there and not UTF-8.
    not_utf8: RefCell<Option<String>>,
}

impl ConfigVariables {
    /// For the file at `path`: that of an editor is in a folder of the editor's own.
    pub(crate) fn new(path: &Path) -> Self {
        let path = absolute(path).unwrap_or_else(|_| path.to_owned());
        let folder = path.parent().unwrap_or(Path::new(""));
        let workspace = match folder.file_name().and_then(|name| name.to_str()) {
            Some(".vscode" | ".cursor") => folder.parent().unwrap_or(folder),
            _ => folder,
        };
        Self { workspace: workspace.to_owned(), not_utf8: RefCell::default() }
    }

    /// A variable of the environment.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let value = env::var_os(name)?.into_string();
        value.map_err(|_| self.not_utf8.replace(Some(name.to_owned()))).ok()
    }

    /// What the JSON files of other programs mean: a variable too, or what those programs know. What
    /// they would ask for, such as `input:api-key`, is a variable of its own, `INPUT_API_KEY`.
    pub(crate) fn json_variable(&self, name: &str) -> Option<String> {
        match name.split_once(':') {
            Some(("file", path)) => fs::read_to_string(self.workspace.join(path)).ok(),
            Some(("input", id)) => {
                let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
                let id: String = id.chars().map(letter).collect();
                self.variable(&format!("INPUT_{}", id.to_ascii_uppercase()))
            }
            _ => self.variable(name).or_else(|| self.editor_variable(name)),
        }
    }

    /// The name of a variable that is there and cannot be used.
    pub(crate) fn not_utf8(self) -> Option<String> {
        self.not_utf8.into_inner()
    }

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
