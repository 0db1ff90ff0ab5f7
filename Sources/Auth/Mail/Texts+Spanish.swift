// The mails in Spanish.

import Store

extension MailTexts {
    static func spanish(_ kind: MailKind, _ count: Int64) -> MailTexts {
        let minutes = count == 1 ? "minuto" : "minutos"
        let days = count == 1 ? "día" : "días"
        return switch kind {
        case .code:
            MailTexts(
                subject: "{code} es su código de inicio de sesión en {service}",
                title: "Código de inicio de sesión",
                paragraphs: [
                    "Su código de inicio de sesión es {code}.",
                    "Es válido durante {minutes} \(minutes) y solo puede usarse una vez. Si no lo ha solicitado, "
                        + "ignore este correo: sin el código nadie puede iniciar sesión.",
                ])
        case .emailCode:
            MailTexts(
                subject: "{code} es su código de confirmación para {service}",
                title: "Código de confirmación",
                paragraphs: [
                    "El código que confirma esta dirección para su cuenta es {code}.",
                    "Es válido durante {minutes} \(minutes) y solo puede usarse una vez. Si no lo ha solicitado, "
                        + "ignore este correo: sin el código, esta dirección no se asociará a ninguna cuenta.",
                ])
        case .currentEmailCode:
            MailTexts(
                subject: "{code} confirma una dirección nueva para su cuenta de {service}",
                title: "Cambio de dirección",
                paragraphs: [
                    "Su cuenta va a tener la dirección {email}. El código con el que da su acuerdo es {code}.",
                    "Es válido durante {minutes} \(minutes) y solo puede usarse una vez. Si no lo ha solicitado, otra "
                        + "persona tiene acceso a su cuenta: no dé el código a nadie, inicie sesión y cierre todas "
                        + "las demás sesiones.",
                ])
        case .deletionCode:
            MailTexts(
                subject: "{code} elimina su cuenta de {service}",
                title: "Eliminación de la cuenta",
                paragraphs: [
                    "El código que elimina su cuenta definitivamente es {code}.",
                    "Es válido durante {minutes} \(minutes) y solo puede usarse una vez. Si no lo ha solicitado, otra "
                        + "persona tiene acceso a su cuenta: no dé el código a nadie, inicie sesión y cierre todas "
                        + "las demás sesiones.",
                ])
        case .emailChanged:
            MailTexts(
                subject: "Se ha cambiado la dirección de su cuenta de {service}",
                title: "Dirección cambiada",
                paragraphs: [
                    "La dirección de correo de su cuenta es ahora {email}. Ya no puede iniciar sesión con la "
                        + "dirección a la que se ha enviado este correo.",
                    "Si la ha cambiado usted, no tiene que hacer nada. Si no, otra persona ha tenido acceso a su "
                        + "cuenta: avise de inmediato al responsable de {service}.",
                ])
        case .emailGiven:
            MailTexts(
                subject: "Esta es ahora la dirección de su cuenta de {service}",
                title: "Dirección nueva",
                paragraphs: [
                    "La dirección de correo de su cuenta era {email} y ahora es la dirección a la que se ha "
                        + "enviado este correo: inicie sesión con ella.",
                    "La ha cambiado el responsable de {service}. Si usted no lo ha pedido, avísele.",
                ])
        case .newNetwork:
            MailTexts(
                subject: "Nuevo inicio de sesión en su cuenta de {service}",
                title: "Nuevo inicio de sesión",
                paragraphs: [
                    "Se ha iniciado sesión en su cuenta desde una red nueva:",
                    "Fecha: {time}\nDirección IP: {ip}\nDispositivo: {device}",
                    "Si ha sido usted, no tiene que hacer nada. Si no, es posible que alguien pueda leer su correo "
                        + "o haya visto un código: cambie la contraseña de su buzón, después inicie sesión y "
                        + "cierre todas las demás sesiones.",
                ])
        case .keyExpiry:
            MailTexts(
                subject: "La clave de API «{key}» caduca dentro de {days} \(days)",
                title: "Caducidad de una clave de API",
                paragraphs: [
                    "La clave de API «{key}» ({prefix}…) del proyecto «{project}» caduca dentro de {days} \(days). "
                        + "Después se rechazará.",
                    "Si todavía se necesita, renuévela o cree una nueva antes de esa fecha. Si no, no tiene que "
                        + "hacer nada. Si no la reconoce, elimínela.",
                ])
        case .invitation:
            MailTexts(
                subject: "{inviter} le invita a {project}",
                title: "Invitación",
                paragraphs: [
                    "{inviter} le invita al proyecto «{project}» en {service}.",
                    "Para aceptar o rechazar la invitación, inicie sesión con la dirección a la que se ha enviado "
                        + "este correo:\n{link}",
                    "Si no esperaba esta invitación, ignore este correo: solo se unirá al proyecto si la acepta.",
                ])
        case .accountDeleted, .keyCreated, .ownerMade, .accessGiven, .accessEnded, .noticesOff:
            announcement(kind, .spanish)
        case .projectDeleted:
            MailTexts(
                subject: "Se ha eliminado el proyecto «{project}»",
                title: "Proyecto eliminado",
                paragraphs: [
                    "Un propietario o el responsable del servicio ha eliminado proyectos en {service} a los que usted "
                        + "pertenecía. Número: {count}. El último es «{project}». Sus claves de API ya no funcionan y sus "
                        + "invitaciones han terminado.",
                    "Si lo ha eliminado usted, no tiene que hacer nada. Si es propietario y no lo ha eliminado, es "
                        + "posible que alguien tenga acceso a la cuenta de un propietario: inicie sesión, cierre todas "
                        + "las demás sesiones y avise al responsable de {service}.",
                ])
        }
    }
}
