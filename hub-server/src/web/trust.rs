//! The page that helps people trust the hub's authority, in their language. It works before anybody is logged in and, as
//! the one exception, over plain HTTP: whoever does not trust the certificate yet can't read it over HTTPS.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::hub::Hub;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;\
color:#1b1f24;background:#fff}code{font-size:.9em;overflow-wrap:anywhere}h2{margin-top:2rem}\
a{color:#0b5394}.key{padding:1rem;border:2px solid;border-radius:.5rem}\
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#16191d}a{color:#8ec3ff}}";

/// The words of one language.
struct Words {
    code: &'static str,
    title: &'static str,
    why: &'static str,
    compare: &'static str,
    download: &'static str,
    warning: &'static str,
    done: &'static str,
    steps: [(&'static str, &'static [&'static str]); 6],
}

/// Shows the page over HTTPS.
pub(super) async fn show_trust(State(hub): State<Arc<Hub>>, headers: HeaderMap) -> Response {
    page(&hub, &headers)
}

/// The page in the language that the browser asks for first.
pub(super) fn page(hub: &Hub, headers: &HeaderMap) -> Response {
    let nonce = BASE64_STANDARD.encode(rand::random::<[u8; 16]>());
    let text = write(language(headers), &hub.authority.sha256_text(), &nonce);
    let mut response = Html(text).into_response();
    let policy = format!(
        "default-src 'self'; script-src 'self'; style-src 'nonce-{nonce}'; img-src 'self'; object-src 'none'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn write(words: &Words, fingerprint: &str, nonce: &str) -> String {
    let mut steps = String::new();
    for (system, list) in &words.steps {
        steps.push_str(&format!("<h2>{system}</h2><ol>"));
        for step in *list {
            steps.push_str(&format!("<li>{step}</li>"));
        }
        steps.push_str("</ol>");
    }
    format!(
        "<!doctype html><html lang=\"{code}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>\
         <style nonce=\"{nonce}\">{STYLE}</style></head><body><main><h1>{title}</h1><p>{why}</p>\
         <div class=\"key\"><p>{compare}</p><p><code>{fingerprint}</code></p></div>\
         <p><a href=\"/authority.crt\" download>{download}</a></p><p><strong>{warning}</strong></p>{steps}\
         <p>{done}</p></main></body></html>",
        code = words.code,
        title = words.title,
        why = words.why,
        compare = words.compare,
        download = words.download,
        warning = words.warning,
        done = words.done,
    )
}

/// The first of our languages that the browser takes.
fn language(headers: &HeaderMap) -> &'static Words {
    let asked = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut wanted = asked.split(',').map(|one| one.trim().to_ascii_lowercase());
    wanted
        .find_map(|one| LANGUAGES.iter().find(|words| one.starts_with(words.code)))
        .unwrap_or(&LANGUAGES[0])
}

const LANGUAGES: [Words; 3] = [
    Words {
        code: "en",
        title: "Trust this hub",
        why: "This hub makes its own certificates. Browsers warn until they know the authority behind them. Add it once on \
              each machine that opens the console; passkeys and installing the console need it, too.",
        compare: "SHA-256 fingerprint of the authority. Compare it, whole, with the line <code>authority SHA-256</code> that \
                  the hub printed at its start, on the hub's own screen or in its journal. Not with this page: somebody in \
                  between could have changed it.",
        download: "Download gatewarden-authority.crt",
        warning: "If the two differ, stop: somebody is listening in.",
        done: "Then open the console's address again. No warning: done.",
        steps: [
            (
                "Windows (Chrome, Edge)",
                &[
                    "Open the file, then “Install Certificate…”.",
                    "Choose “Current User”, then “Place all certificates in the following store”: “Trusted Root Certification Authorities”.",
                    "Windows shows the fingerprint and asks once more. Compare, confirm, and restart the browser.",
                ],
            ),
            (
                "macOS (Safari, Chrome)",
                &[
                    "Open the file; Keychain Access adds it to “login”.",
                    "Open it there, compare the SHA-256 fingerprint under “Details”, and under “Trust” set “When using this certificate” to “Always Trust”.",
                ],
            ),
            (
                "Android",
                &[
                    "Settings, Security, More security settings, Encryption &amp; credentials, Install a certificate, CA certificate. Names differ a little by maker.",
                    "Choose the file, and confirm. Compare the fingerprint under “Trusted credentials”, “User”.",
                ],
            ),
            (
                "iPhone and iPad",
                &[
                    "Open this page in Safari and download the file; allow the profile.",
                    "Settings, General, VPN &amp; Device Management: compare the fingerprint under “More Details”, and install.",
                    "Settings, General, About, Certificate Trust Settings: turn full trust on for “Gatewarden authority”.",
                ],
            ),
            (
                "Linux",
                &[
                    "Check: <code>openssl x509 -in gatewarden-authority.crt -noout -fingerprint -sha256</code>",
                    "Debian, Ubuntu: copy it to <code>/usr/local/share/ca-certificates/</code>, then <code>sudo update-ca-certificates</code>. Fedora: <code>sudo trust anchor gatewarden-authority.crt</code>",
                    "Chrome keeps authorities of its own: Settings, Privacy and security, Security, Manage certificates, Authorities, Import.",
                ],
            ),
            (
                "Firefox, on every system",
                &[
                    "Settings, Privacy &amp; Security, View Certificates, Authorities, Import.",
                    "“View” shows the fingerprint. Compare, then tick “Trust this CA to identify websites”.",
                ],
            ),
        ],
    },
    Words {
        code: "de",
        title: "Diesem Hub vertrauen",
        why: "Dieser Hub stellt seine Zertifikate selbst aus. Browser warnen, bis sie die Zertifizierungsstelle dahinter kennen. \
              Fügen Sie sie auf jedem Gerät, das die Konsole öffnet, einmal hinzu; auch Passkeys und das Installieren der \
              Konsole brauchen das.",
        compare: "SHA-256-Fingerabdruck der Zertifizierungsstelle. Vergleichen Sie ihn vollständig mit der Zeile <code>authority \
                  SHA-256</code>, die der Hub beim Start ausgegeben hat, am Bildschirm des Hubs oder in seinem Journal. Nicht mit \
                  dieser Seite: Jemand dazwischen könnte sie geändert haben.",
        download: "gatewarden-authority.crt herunterladen",
        warning: "Weichen die beiden voneinander ab, brechen Sie ab: Jemand hört mit.",
        done: "Öffnen Sie dann die Adresse der Konsole neu. Keine Warnung: fertig.",
        steps: [
            (
                "Windows (Chrome, Edge)",
                &[
                    "Datei öffnen, dann „Zertifikat installieren…“.",
                    "„Aktueller Benutzer“ wählen, dann „Alle Zertifikate in folgendem Speicher speichern“: „Vertrauenswürdige Stammzertifizierungsstellen“.",
                    "Windows zeigt den Fingerabdruck und fragt nach. Vergleichen, bestätigen und den Browser neu starten.",
                ],
            ),
            (
                "macOS (Safari, Chrome)",
                &[
                    "Datei öffnen; die Schlüsselbundverwaltung legt sie unter „Anmeldung“ ab.",
                    "Dort öffnen, unter „Details“ den SHA-256-Fingerabdruck vergleichen und unter „Vertrauen“ die Einstellung „Bei Verwendung dieses Zertifikats“ auf „Immer vertrauen“ setzen.",
                ],
            ),
            (
                "Android",
                &[
                    "Einstellungen, Sicherheit, Weitere Sicherheitseinstellungen, Verschlüsselung &amp; Anmeldedaten, Zertifikat installieren, CA-Zertifikat. Die Namen weichen je nach Hersteller etwas ab.",
                    "Datei wählen und bestätigen. Den Fingerabdruck unter „Vertrauenswürdige Anmeldedaten“, „Nutzer“ vergleichen.",
                ],
            ),
            (
                "iPhone und iPad",
                &[
                    "Diese Seite in Safari öffnen, die Datei laden und das Profil erlauben.",
                    "Einstellungen, Allgemein, VPN und Geräteverwaltung: unter „Mehr Details“ den Fingerabdruck vergleichen, dann installieren.",
                    "Einstellungen, Allgemein, Info, Zertifikatsvertrauenseinstellungen: „Gatewarden authority“ voll vertrauen.",
                ],
            ),
            (
                "Linux",
                &[
                    "Prüfen: <code>openssl x509 -in gatewarden-authority.crt -noout -fingerprint -sha256</code>",
                    "Debian, Ubuntu: nach <code>/usr/local/share/ca-certificates/</code> kopieren, dann <code>sudo update-ca-certificates</code>. Fedora: <code>sudo trust anchor gatewarden-authority.crt</code>",
                    "Chrome führt eigene Zertifizierungsstellen: Einstellungen, Datenschutz und Sicherheit, Sicherheit, Zertifikate verwalten, Zertifizierungsstellen, Importieren.",
                ],
            ),
            (
                "Firefox, auf jedem System",
                &[
                    "Einstellungen, Datenschutz &amp; Sicherheit, Zertifikate anzeigen, Zertifizierungsstellen, Importieren.",
                    "„Ansicht“ zeigt den Fingerabdruck. Vergleichen, dann „Dieser CA vertrauen, um Websites zu identifizieren“ ankreuzen.",
                ],
            ),
        ],
    },
    Words {
        code: "es",
        title: "Confiar en este hub",
        why: "Este hub emite sus propios certificados. Los navegadores avisan hasta que conocen la autoridad que hay detrás. \
              Añádala una vez en cada equipo que abra la consola; las llaves de acceso y la instalación de la consola también la \
              necesitan.",
        compare: "Huella SHA-256 de la autoridad. Compárela entera con la línea <code>authority SHA-256</code> que el hub mostró al \
                  arrancar, en su propia pantalla o en su registro. No con esta página: alguien en medio podría haberla cambiado.",
        download: "Descargar gatewarden-authority.crt",
        warning: "Si no coinciden, deténgase: alguien está escuchando.",
        done: "Después abra de nuevo la dirección de la consola. Sin aviso: listo.",
        steps: [
            (
                "Windows (Chrome, Edge)",
                &[
                    "Abra el archivo y elija «Instalar certificado…».",
                    "Elija «Usuario actual» y «Colocar todos los certificados en el siguiente almacén»: «Entidades de certificación raíz de confianza».",
                    "Windows muestra la huella y pregunta otra vez. Compare, confirme y reinicie el navegador.",
                ],
            ),
            (
                "macOS (Safari, Chrome)",
                &[
                    "Abra el archivo; Acceso a Llaveros lo añade a «inicio de sesión».",
                    "Ábralo allí, compare la huella SHA-256 en «Detalles» y, en «Confiar», ponga «Al utilizar este certificado» en «Confiar siempre».",
                ],
            ),
            (
                "Android",
                &[
                    "Ajustes, Seguridad, Más ajustes de seguridad, Cifrado y credenciales, Instalar un certificado, Certificado de CA. Los nombres cambian algo según el fabricante.",
                    "Elija el archivo y confirme. Compare la huella en «Credenciales de confianza», «Usuario».",
                ],
            ),
            (
                "iPhone y iPad",
                &[
                    "Abra esta página en Safari, descargue el archivo y permita el perfil.",
                    "Ajustes, General, VPN y gestión de dispositivos: compare la huella en «Más detalles» e instale.",
                    "Ajustes, General, Información, Ajustes de confianza de los certificados: active la confianza total en «Gatewarden authority».",
                ],
            ),
            (
                "Linux",
                &[
                    "Compruebe: <code>openssl x509 -in gatewarden-authority.crt -noout -fingerprint -sha256</code>",
                    "Debian, Ubuntu: cópielo en <code>/usr/local/share/ca-certificates/</code> y ejecute <code>sudo update-ca-certificates</code>. Fedora: <code>sudo trust anchor gatewarden-authority.crt</code>",
                    "Chrome tiene sus propias autoridades: Configuración, Privacidad y seguridad, Seguridad, Gestionar certificados, Autoridades, Importar.",
                ],
            ),
            (
                "Firefox, en cualquier sistema",
                &[
                    "Ajustes, Privacidad y seguridad, Ver certificados, Autoridades, Importar.",
                    "«Ver» muestra la huella. Compare y marque «Confiar en esta CA para identificar sitios web».",
                ],
            ),
        ],
    },
];

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use crate::web::testing::TestHub;

    /// SE-41: before any log-in, in one's language, with the fingerprint of the authority that `/authority.crt` hands out.
    #[tokio::test]
    async fn the_trust_page_shows_the_fingerprint_in_ones_language() {
        let hub = TestHub::new().await;
        for (asked, code, title) in [
            ("de-DE,de;q=0.9,en;q=0.8", "de", "Diesem Hub vertrauen"),
            ("fr-FR,es;q=0.5", "es", "Confiar en este hub"),
            ("fr", "en", "Trust this hub"),
            ("", "en", "Trust this hub"),
        ] {
            let headers = [("accept-language", asked)];
            let answer = hub
                .stranger()
                .send_with("GET", "/trust", &headers, Vec::new())
                .await;
            assert_eq!(answer.status, StatusCode::OK);
            let text = answer.text();
            assert!(
                text.contains(title) && text.contains(&format!("lang=\"{code}\"")),
                "{asked}"
            );
            assert!(text.contains(&hub.hub.authority.sha256_text()), "{text}");
            for system in ["Windows", "macOS", "Android", "iPhone", "Linux", "Firefox"] {
                assert!(text.contains(system), "{asked}: {system}");
            }
            assert!(!text.contains("<script"), "{text}");
        }
    }
}
