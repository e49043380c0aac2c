//! The reference candidate of a demonstration: a server, and two apps that talk through it.

use std::{path::PathBuf, sync::Arc};

use hallmark_messaging::{Driven, Messaging};
use hallmark_model::ExitCode;
use hallmark_reference::{Faults, ReferenceServer, scene};
use hallmark_runner::{Material, Playing, ProbeError, Scene, Seed};
use hallmark_server::{Probed, Server};
use hallmark_traffic::{Recorded, Traffic};
use hallmark_wire::Target;
use tempfile::TempDir;

use crate::{failure::Failure, house, session::Work};

/// The candidate while it runs. Its server stops and its folder goes when it is dropped.
pub(crate) struct Demonstration {
    faults: Faults,
    server: Arc<ReferenceServer>,
    folder: TempDir,
}

impl Demonstration {
    /// Starts the server on loopback.
    pub(crate) fn start(faults: Faults) -> Result<Self, Failure> {
        let cannot = |error: std::io::Error| {
            Failure::new(ExitCode::Internal, format!("cannot start the reference server: {error}"))
        };
        let folder = TempDir::with_prefix("hallmark-demo-").map_err(cannot)?;
        let server = ReferenceServer::start(&faults, folder.path()).map_err(cannot)?;
        Ok(Self { faults, server: Arc::new(server), folder })
    }

    /// Every suite on it.
    pub(crate) fn work<'a>(&self, command: &str) -> Work<'a> {
        let address = self.server.address();
        let target = Target {
            host: address.ip().to_string(),
            port: address.port(),
            server_name: Some("localhost".to_owned()),
            starttls: None,
        };
        let nothing = Vec::new;
        let recorded = Recorded::new(
            nothing(),
            nothing(),
            Vec::new(),
            Vec::new(),
            nothing(),
            command.to_owned(),
        );
        let messenger = house::reference(self.faults);
        vec![
            (&Server, Box::new(Probed::new(target, command.to_owned()))),
            (&Traffic, Box::new(recorded)),
            (&Messaging, Box::new(Driven::new(messenger, command.to_owned()))),
        ]
    }

    /// Two people talk, and everything is recorded.
    pub(crate) fn scene(&self) -> Box<dyn Scene> {
        Box::new(Conversation {
            faults: self.faults,
            server: Arc::clone(&self.server),
            folder: self.folder.path().to_owned(),
        })
    }
}

struct Conversation {
    faults: Faults,
    server: Arc<ReferenceServer>,
    folder: PathBuf,
}

impl Scene for Conversation {
    fn title(&self) -> String {
        "two people exchange messages and a picture, and the line is recorded".to_owned()
    }

    fn play(&self, seed: Seed) -> Playing<'_> {
        let (server, faults, folder) = (Arc::clone(&self.server), self.faults, self.folder.clone());
        Box::pin(async move {
            let played = move || scene::play(&server, &faults, &folder, seed.0);
            let cannot = |error: &dyn std::fmt::Display| {
                ProbeError::Unreachable(format!("the reference apps could not talk: {error}"))
            };
            let played = tokio::task::spawn_blocking(played)
                .await
                .map_err(|error| cannot(&error))?
                .map_err(|error| cannot(&error))?;
            let mut materials =
                vec![Material::Capture(played.capture), Material::KeyLog(played.keylog)];
            materials.extend(played.canaries.into_iter().map(|text| Material::Canary(text.into())));
            materials
                .extend(played.controls.into_iter().map(|text| Material::Control(text.into())));
            materials.push(Material::Storage(played.storage));
            Ok(materials)
        })
    }
}
