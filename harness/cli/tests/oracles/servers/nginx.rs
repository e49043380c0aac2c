//! nginx as a web server with TLS.

use std::{fs, process::Command};

use crate::{
    certificates::{Key, dh_parameters},
    process::Server,
};

/// How nginx is set up.
pub(crate) struct Nginx {
    pub(crate) protocols: &'static str,
    pub(crate) ciphers: &'static str,
    pub(crate) curves: &'static str,
    pub(crate) keys: &'static [Key],
    /// Whether the server's order of cipher suites counts.
    pub(crate) insists: bool,
}

impl Nginx {
    pub(crate) fn start(&self) -> Server {
        Server::start(|folder, port| {
            dh_parameters(folder);
            self.keys.iter().for_each(|key| key.mint(folder));
            fs::write(folder.join("nginx.conf"), self.configuration(port)).unwrap();
            let mut command = Command::new("nginx");
            command.arg("-p").arg(folder).args(["-c", "nginx.conf", "-e", "error.log"]);
            command
        })
    }

    fn configuration(&self, port: u16) -> String {
        let certificates: String = self
            .keys
            .iter()
            .map(|key| {
                format!("ssl_certificate {0}.pem; ssl_certificate_key {0}.key;\n", key.name())
            })
            .collect();
        let insists = if self.insists { "on" } else { "off" };
        let Self { protocols, ciphers, curves, .. } = self;
        format!(
            "daemon off; master_process off; pid nginx.pid;
            events {{ worker_connections 512; }}
            http {{
                access_log off;
                client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;
                uwsgi_temp_path t4; scgi_temp_path t5;
                server {{
                    listen 127.0.0.1:{port} ssl;
                    {certificates}
                    ssl_protocols {protocols};
                    ssl_ciphers \"{ciphers}\";
                    ssl_prefer_server_ciphers {insists};
                    ssl_ecdh_curve {curves};
                    ssl_dhparam dh.pem;
                    return 204;
                }}
            }}
            "
        )
    }
}
