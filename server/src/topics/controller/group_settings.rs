//! The controller keeps the settings of groups: it has the store. No other core knows them, for nothing follows from them yet.

use super::error::TopicError;
use super::intents::SettingChange;
use crate::config::GroupSettings;
use crate::core::Core;
use crate::limits::GROUPS_WITH_SETTINGS_MAX;
use crate::metadata::StoreError;
use crate::peers::questions::AlterGroup;

/// The settings that a group was given.
pub(crate) async fn group_settings(core: &Core, name: &str) -> Result<GroupSettings, TopicError> {
    let controller = core.controller().ok_or(TopicError::NotController)?;
    Ok(controller.group(name).await.map_err(storage)?.settings)
}

/// Changes them, as a whole or not at all.
pub(crate) async fn alter_group(core: &Core, question: AlterGroup) -> Result<(), TopicError> {
    let controller = core.controller().ok_or(TopicError::NotController)?;
    let _writing = controller.writing.lock().await;
    let stored = controller.group(&question.name).await.map_err(storage)?;
    let mut settings = if question.replaces { GroupSettings::default() } else { stored.settings.clone() };
    for (name, change) in question.changes {
        apply(&mut settings, name, change)?;
    }
    settings
        .check(&core.node.config.settings)
        .map_err(|error| TopicError::InvalidConfig(error.to_string()))?;
    if question.validate_only || settings == stored.settings {
        return Ok(());
    }
    if stored.is_new()
        && controller.groups_with_settings().await.map_err(storage)? >= GROUPS_WITH_SETTINGS_MAX
    {
        let message =
            format!("{GROUPS_WITH_SETTINGS_MAX} groups have settings of their own: that is the most.");
        return Err(TopicError::InvalidRequest(message));
    }
    match controller.write_group(stored, &settings).await.map_err(storage)? {
        true => Ok(()),
        false => Err(TopicError::Conflict),
    }
}

fn storage(error: StoreError) -> TopicError {
    TopicError::Storage(error.to_string())
}

fn apply(settings: &mut GroupSettings, name: String, change: SettingChange) -> Result<(), TopicError> {
    match change {
        SettingChange::Set(text) => {
            settings.set(name, &text).map_err(|error| TopicError::InvalidConfig(error.to_string()))
        }
        SettingChange::Unset => {
            settings.unset(&name);
            Ok(())
        }
        SettingChange::Append(_) | SettingChange::Subtract(_) => {
            let message = format!("{name} is not a list: values cannot be added to it or removed from it.");
            Err(TopicError::InvalidConfig(message))
        }
    }
}
