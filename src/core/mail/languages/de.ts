import { quotable } from '../quotable.ts';
import type { Texts } from '../templates.ts';

const NOT_YOU = 'Wenn Sie das nicht waren, müssen Sie nichts tun: Ohne den Link kommt niemand hinein.';
const TO_NOBODY = 'Geben Sie den Link an niemanden weiter.';
const TAKE_BACK =
  'Wenn Sie das nicht waren, ist jemand anderes in Ihrem Konto angemeldet. Setzen Sie jetzt ein neues Passwort: Fordern Sie über „Passwort vergessen“ einen Link an. Er kommt an diese Adresse und meldet alle ab.';

export const de: Texts = {
  greeting: 'Guten Tag,',
  letters: {
    verify_email: ({ app, link }) => ({
      subject: 'Bestätigen Sie Ihre E-Mail-Adresse',
      paragraphs: [
        `Willkommen bei ${app}. Bitte bestätigen Sie, dass dies Ihre E-Mail-Adresse ist. Der Link gilt einmal, innerhalb des nächsten Tages.`,
      ],
      action: { label: 'Adresse bestätigen', link },
      footnote: NOT_YOU,
    }),
    magic_link: ({ app, link }) => ({
      subject: 'Ihr Link zum Anmelden',
      paragraphs: [`Mit diesem Link melden Sie sich bei ${app} an. Er gilt einmal, innerhalb der nächsten Stunde.`],
      action: { label: 'Anmelden', link },
      footnote: `${NOT_YOU} ${TO_NOBODY}`,
    }),
    reset_password: ({ app, link }) => ({
      subject: 'Setzen Sie ein neues Passwort',
      paragraphs: [
        `Mit diesem Link setzen Sie ein neues Passwort für ${app}. Er gilt einmal, innerhalb der nächsten Stunde.`,
      ],
      action: { label: 'Passwort setzen', link },
      footnote: `Wenn Sie das nicht waren, müssen Sie nichts tun: Ihr Passwort bleibt, wie es ist. ${TO_NOBODY}`,
    }),
    password_changed: ({ app }) => ({
      subject: 'Ihr Passwort wurde geändert',
      paragraphs: [
        `Das Passwort Ihres Kontos bei ${app} wurde gerade geändert. Wer sonst darin angemeldet war, ist es nun nicht mehr.`,
      ],
      footnote:
        'Wenn Sie das nicht waren, setzen Sie jetzt ein neues Passwort: Fordern Sie über „Passwort vergessen“ einen Link an. Er kommt an diese Adresse.',
    }),
    address_known: ({ app }) => ({
      subject: 'Sie haben schon ein Konto',
      paragraphs: [
        `Jemand, vermutlich Sie selbst, wollte gerade Ihre E-Mail-Adresse für ein weiteres Konto bei ${app} verwenden. Sie haben schon eines: Melden Sie sich an wie gewohnt.`,
      ],
      footnote: 'Wenn Sie das nicht waren, müssen Sie nichts tun: Ihr Konto ist unverändert.',
    }),
    email_change: ({ app, link, account }) => ({
      subject: 'Bestätigen Sie Ihre neue E-Mail-Adresse',
      paragraphs: [
        `Das Konto bei ${app}, das bisher die E-Mail-Adresse ${account} hat, soll diese hier bekommen. Mit diesem Link bekommt es sie. Er gilt einmal, innerhalb der nächsten Stunde.`,
        'Wenn Sie dieses Konto nicht kennen, öffnen Sie den Link nicht: Ihre Adresse würde sonst die eines fremden Kontos.',
      ],
      action: { label: 'Neue Adresse bestätigen', link },
      footnote: 'Wenn Sie das nicht waren, müssen Sie nichts tun: Ohne den Link ändert sich nichts.',
    }),
    email_change_requested: ({ app }) => ({
      subject: 'Ihre E-Mail-Adresse soll sich ändern',
      paragraphs: [
        `In Ihrem Konto bei ${app} wurde gerade eine andere E-Mail-Adresse angegeben. Sobald sie dort bestätigt ist, tritt sie an die Stelle dieser Adresse.`,
      ],
      footnote: TAKE_BACK,
    }),
    email_changed: ({ app }) => ({
      subject: 'Ihre E-Mail-Adresse wurde geändert',
      paragraphs: [
        `Ihr Konto bei ${app} hat jetzt eine andere E-Mail-Adresse. Mit dieser hier können Sie sich nicht mehr anmelden, und dies ist die letzte Nachricht an sie.`,
      ],
      footnote: `Wenn Sie das nicht waren, sagen Sie es sofort dem Betreiber von ${app}: Von dieser Adresse aus ist das Konto nicht mehr zu erreichen.`,
    }),
    second_factor_added: ({ app }) => ({
      subject: 'Zum Anmelden gehört ab jetzt ein Code',
      paragraphs: [
        `Für Ihr Konto bei ${app} wurde gerade eine Authentifizierungs-App eingerichtet. Wer sich anmeldet, braucht ab jetzt auch einen Code daraus.`,
        'Bewahren Sie Ihre Wiederherstellungscodes dort auf, wo Sie sie auch ohne Ihr Telefon finden: Jeder ersetzt die App ein Mal.',
      ],
      footnote: `Wenn Sie das nicht waren, ist jemand anderes in Ihrem Konto angemeldet: Sagen Sie es sofort dem Betreiber von ${app}.`,
    }),
    second_factor_removed: ({ app }) => ({
      subject: 'Zum Anmelden gehört kein Code mehr',
      paragraphs: [
        `Die Authentifizierungs-App Ihres Kontos bei ${app} wurde gerade entfernt, und mit ihr die Wiederherstellungscodes. Zum Anmelden gehört kein Code mehr.`,
      ],
      footnote: TAKE_BACK,
    }),
    second_factor_reset: ({ app }) => ({
      subject: 'Ihr zweiter Faktor wurde für Sie entfernt',
      paragraphs: [
        `Wir haben die Authentifizierungs-App Ihres Kontos bei ${app} und die Wiederherstellungscodes entfernt, weil uns jemand überzeugend gesagt hat, Sie zu sein und beides verloren zu haben. Zum Anmelden gehört kein Code, bis Sie wieder eine App einrichten. Wer angemeldet war, ist es nicht mehr.`,
      ],
      footnote:
        'Wenn Sie das nicht waren, sagen Sie es uns sofort, und setzen Sie ein neues Passwort: Fordern Sie über „Passwort vergessen“ einen Link an. Er kommt an diese Adresse.',
    }),
    recovery_code_used: ({ app }) => ({
      subject: 'Ein Wiederherstellungscode wurde verwendet',
      paragraphs: [
        `Einer der Wiederherstellungscodes Ihres Kontos bei ${app} wurde gerade anstelle eines Codes aus der App verwendet. Er gilt nicht mehr.`,
        'Wenn nur noch wenige übrig sind, erstellen Sie in Ihrem Konto neue.',
      ],
      footnote: TAKE_BACK,
    }),
    recovery_codes_replaced: ({ app }) => ({
      subject: 'Sie haben neue Wiederherstellungscodes',
      paragraphs: [
        `Für Ihr Konto bei ${app} wurden gerade neue Wiederherstellungscodes erstellt. Die bisherigen gelten nicht mehr.`,
      ],
      footnote: TAKE_BACK,
    }),
    account_deleted: ({ app }) => ({
      subject: 'Ihr Konto wurde gelöscht',
      paragraphs: [
        `Ihr Konto bei ${app} wurde gerade gelöscht, mit Ihrem Namen, Ihrer Adresse und allem, was es sonst von Ihnen wusste. Dies ist die letzte Nachricht an Sie.`,
        'In der Historie Ihrer Organisationen bleibt stehen, was getan wurde, aber nicht, dass Sie es waren.',
      ],
      footnote: `Es lässt sich nicht wiederherstellen. Wenn Sie das nicht waren, sagen Sie es dem Betreiber von ${app}; mit dieser Adresse können Sie sich neu registrieren.`,
    }),
    ownership_offered: ({ app, link }) => ({
      subject: 'Ihnen wird eine Organisation angeboten',
      paragraphs: [
        `Wem eine Organisation bei ${app} gehört, in der Sie Mitglied sind, möchte sie Ihnen übergeben. Melden Sie sich an, um zu sehen, welche es ist, und nehmen Sie an, wenn sie Ihnen gehören soll.`,
      ],
      action: { label: 'Angebot ansehen', link },
      footnote: 'Wenn Sie das nicht möchten, müssen Sie nichts tun: ohne Sie ändert sich nichts.',
    }),
    invitation: ({ app, link, inviter, organization, message, days }) => ({
      subject: 'Sie sind in eine Organisation eingeladen',
      paragraphs: [
        `„${quotable.name(inviter)}“ lädt Sie in die Organisation „${quotable.name(organization)}“ bei ${app} ein. Der Link gilt einmal, ${days === 1 ? 'innerhalb des nächsten Tages' : `innerhalb der nächsten ${days} Tage`}.`,
        ...(message === null ? [] : [`Dazu die Nachricht: „${quotable.message(message)}“`]),
      ],
      action: { label: 'Einladung ansehen', link },
      footnote: `Wenn Sie nicht kennen, wer Sie einlädt, müssen Sie nichts tun: Ohne den Link tritt niemand bei. ${TO_NOBODY}`,
    }),
  },
};
