import { quotable } from '../quotable.ts';
import type { Texts } from '../templates.ts';

const NOT_YOU = 'If this was not you, there is nothing to do: without the link nobody gets in.';
const TO_NOBODY = 'Pass the link on to nobody.';
const TAKE_BACK =
  'If this was not you, somebody else is signed in to your account. Set another password now: ask for a link by "forgot password". It is mailed to this address, and signs everybody out.';

export const en: Texts = {
  greeting: 'Hello,',
  letters: {
    verify_email: ({ app, link }) => ({
      subject: 'Confirm your email address',
      paragraphs: [
        `Welcome to ${app}. Please confirm that this is your email address. The link works once, within the next day.`,
      ],
      action: { label: 'Confirm the address', link },
      footnote: NOT_YOU,
    }),
    magic_link: ({ app, link }) => ({
      subject: 'Your link to sign in',
      paragraphs: [`With this link you sign in to ${app}. It works once, within the next hour.`],
      action: { label: 'Sign in', link },
      footnote: `${NOT_YOU} ${TO_NOBODY}`,
    }),
    reset_password: ({ app, link }) => ({
      subject: 'Set another password',
      paragraphs: [`With this link you set another password for ${app}. It works once, within the next hour.`],
      action: { label: 'Set a password', link },
      footnote: `If this was not you, there is nothing to do: your password stays as it is. ${TO_NOBODY}`,
    }),
    password_changed: ({ app }) => ({
      subject: 'Your password was changed',
      paragraphs: [
        `The password of your account at ${app} has just been changed, and whoever else was signed in to it is so no longer.`,
      ],
      footnote:
        'If this was not you, set another password now: ask for a link by "forgot password". It is mailed to this address.',
    }),
    address_known: ({ app }) => ({
      subject: 'You already have an account',
      paragraphs: [
        `Somebody, probably you, has just tried to use your email address for another account at ${app}. You have one already: sign in as usual.`,
      ],
      footnote: 'If this was not you, there is nothing to do: your account is unchanged.',
    }),
    email_change: ({ app, link, account }) => ({
      subject: 'Confirm your new email address',
      paragraphs: [
        `The account at ${app} that has the email address ${account} until now is to have this one. With this link it does. It works once, within the next hour.`,
        'If you do not know that account, do not open the link: yours would become the address of an account that is not yours.',
      ],
      action: { label: 'Confirm the new address', link },
      footnote: 'If this was not you, you need not do anything: without the link nothing changes.',
    }),
    email_change_requested: ({ app }) => ({
      subject: 'Your email address is about to change',
      paragraphs: [
        `Another email address has just been asked for in your account at ${app}. As soon as it is confirmed there, it takes the place of this one.`,
      ],
      footnote: TAKE_BACK,
    }),
    email_changed: ({ app }) => ({
      subject: 'Your email address was changed',
      paragraphs: [
        `Your account at ${app} has another email address now. This one no longer signs in, and this is the last mail to it.`,
      ],
      footnote: `If this was not you, tell whoever runs ${app} at once: from this address the account can no longer be reached.`,
    }),
    second_factor_added: ({ app }) => ({
      subject: 'Signing in takes a code from now on',
      paragraphs: [
        `An authenticator app has just been set up for your account at ${app}. Whoever signs in now needs a code from it as well.`,
        'Keep your recovery codes where you find them without your phone: each is good for one time without the app.',
      ],
      footnote: `If this was not you, somebody else is signed in to your account: tell whoever runs ${app} at once.`,
    }),
    second_factor_removed: ({ app }) => ({
      subject: 'Signing in takes no code any more',
      paragraphs: [
        `The authenticator app of your account at ${app} has just been removed, and its recovery codes with it. Signing in takes no code any more.`,
      ],
      footnote: TAKE_BACK,
    }),
    second_factor_reset: ({ app }) => ({
      subject: 'Your second factor was removed for you',
      paragraphs: [
        `We have removed the authenticator app of your account at ${app}, and its recovery codes, because somebody told us convincingly that they are you and have lost both. Signing in takes no code until you set up another app. Whoever was signed in is so no longer.`,
      ],
      footnote:
        'If this was not you, tell us now, and set another password: ask for a link by "forgot password". It is mailed to this address.',
    }),
    recovery_code_used: ({ app }) => ({
      subject: 'A recovery code was used',
      paragraphs: [
        `One of the recovery codes of your account at ${app} has just been used in place of a code from the app. It is good for nothing any more.`,
        'When there are few left, make new ones in your account.',
      ],
      footnote: TAKE_BACK,
    }),
    recovery_codes_replaced: ({ app }) => ({
      subject: 'You have new recovery codes',
      paragraphs: [
        `New recovery codes have just been made for your account at ${app}. Those from before are good for nothing any more.`,
      ],
      footnote: TAKE_BACK,
    }),
    account_deleted: ({ app }) => ({
      subject: 'Your account was deleted',
      paragraphs: [
        `Your account at ${app} has just been deleted, with your name, your address and all else that it knew of you. This is the last mail to you.`,
        'The history of your organizations still says what was done, but no longer that it was you.',
      ],
      footnote: `It can't be brought back. If this was not you, tell whoever runs ${app}; you can register again with this address.`,
    }),
    ownership_offered: ({ app, link }) => ({
      subject: 'You are offered the ownership of an organization',
      paragraphs: [
        `An owner of an organization at ${app} that you are a member of offers to hand it over to you. Sign in to see which one it is, and accept if you want to be its owner.`,
      ],
      action: { label: 'See the offer', link },
      footnote: 'If you do not want it, there is nothing to do: without you nothing changes.',
    }),
    invitation: ({ app, link, inviter, organization, message, days }) => ({
      subject: 'You are invited to an organization',
      paragraphs: [
        `"${quotable.name(inviter)}" invites you to join the organization "${quotable.name(organization)}" at ${app}. The link works once, ${days === 1 ? 'within the next day' : `within the next ${days} days`}.`,
        ...(message === null ? [] : [`They write: "${quotable.message(message)}"`]),
      ],
      action: { label: 'See the invitation', link },
      footnote: `If you do not know who invites you, there is nothing to do: without the link nobody joins. ${TO_NOBODY}`,
    }),
  },
};
