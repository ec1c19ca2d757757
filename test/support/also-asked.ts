import { v7 as uuid } from 'uuid';
import type { Member, Organization } from './actors.ts';
import type { TestApp } from './app.ts';
import { invite } from './invited.ts';
import { Teams } from './teams.ts';

export interface Asking {
  readonly app: TestApp;
  readonly organization: Organization;
  readonly teams: Teams;
}

/** Tries what it takes the permission for. @returns whether the caller got it; throws where something else was in the way */
export type Attempt = (asking: Asking, caller: Member) => Promise<boolean>;

const intoTeam = async ({ teams }: Asking) => ({
  email: `${uuid()}@example.com`,
  roles: ['member'],
  teams: [{ team_id: await teams.create(), role: 'member' }],
});

const invitationsOf = ({ organization }: Asking): string => `/organizations/${organization.id}/invitations`;

/** By `METHOD path permission`: what each handler asks beyond its rule. One that is declared and not here fails, and the other way round. */
export const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  'GET /organizations/:organization_id/teams teams:read_private': async ({ teams }, { api }) => {
    const secret = await teams.create({ visibility: 'private' });
    const { body } = await api.get(`${teams.path()}?page_size=100`).expect(200);
    return body.data.some(({ id }: { id: string }) => id === secret);
  },
  'GET /organizations/:organization_id/teams/:team_id teams:read_private': async ({ teams }, { api }) => {
    const secret = await teams.create({ visibility: 'private' });
    return granted(await api.get(teams.path(secret)), 'not_found');
  },
  'POST /organizations/:organization_id/teams teams:read_private': async ({ teams }, { api }) =>
    granted(await api.post(teams.path(), { name: 'Secret', visibility: 'private' }), 'permission_denied'),
  'PATCH /organizations/:organization_id/teams/:team_id teams:read_private': async ({ teams }, { api }) =>
    granted(await api.patch(teams.path(await teams.create()), { visibility: 'private' }), 'permission_denied'),
  'POST /organizations/:organization_id/teams/:team_id/members teams:read_private': async (asking, caller) => {
    const { app, organization, teams } = asking;
    const secret = await teams.create({ visibility: 'private' });
    await teams.join(await teams.create({ parent_team_id: secret }), caller);
    const { memberId } = await app.actors.member(organization);
    const path = `${teams.path(secret)}/members`;
    return granted(await caller.api.post(path, { member_id: memberId, role: 'member' }), 'permission_denied');
  },
  'PATCH /organizations/:organization_id/teams/:team_id team_members:manage': async ({ teams }, { api }) => {
    const [moved, secret] = [await teams.create(), await teams.create({ visibility: 'private' })];
    return granted(await api.patch(teams.path(moved), { parent_team_id: secret }), 'grant_exceeds_own');
  },
  'POST /organizations/:organization_id/invitations team_members:manage': async (asking, { api }) =>
    granted(await api.post(invitationsOf(asking), await intoTeam(asking)), 'grant_exceeds_own'),
  'POST /organizations/:organization_id/invitations/batch team_members:manage': async (asking, { api }) => {
    const invitations = [await intoTeam(asking)];
    const { body } = await api.post(`${invitationsOf(asking)}/batch`, { invitations }).expect(200);
    const [{ status, problem }] = body.results;
    return granted({ status, body: problem }, 'grant_exceeds_own');
  },
  'POST /organizations/:organization_id/invitations/:invitation_id/resend team_members:manage': async (asking, by) => {
    const teams = { [await asking.teams.create()]: 'member' };
    const { id } = await invite(asking.app.database, asking.organization, { teams });
    return granted(await by.api.post(`${invitationsOf(asking)}/${id}/resend`), 'grant_exceeds_own');
  },
  'PATCH /organizations/:organization_id/roles/:role_id teams:read_private': async (
    { organization, teams },
    { api },
  ) => {
    const path = `/organizations/${organization.id}/roles/${await teams.role([])}`;
    return granted(await api.patch(path, { name: 'Guests' }), 'grant_exceeds_own');
  },
  'DELETE /organizations/:organization_id/roles/:role_id teams:read_private': async (
    { organization, teams },
    { api },
  ) => {
    const path = `/organizations/${organization.id}/roles/${await teams.role([])}`;
    return granted(await api.delete(`${path}?reassign_to=viewer`), 'grant_exceeds_own');
  },
  'POST /organizations/:organization_id/access/check roles:read': async ({ app, organization }, { api }) => {
    const checks = [{ permission: 'teams:read', member_id: (await app.actors.member(organization)).memberId }];
    return granted(await api.post(`/organizations/${organization.id}/access/check`, { checks }), 'permission_denied');
  },
  'POST /organizations/:organization_id/roles/preview roles:read': async ({ organization, teams }, { api }) => {
    const change = { role_id: await teams.role([]), permissions: [] };
    return granted(await api.post(`/organizations/${organization.id}/roles/preview`, change), 'permission_denied');
  },
  'GET /organizations/:organization_id/ownership-transfers/:transfer_id organization:transfer': async (
    { app, organization },
    { api },
  ) => {
    const offers = `/organizations/${organization.id}/ownership-transfers`;
    const { memberId } = await app.actors.member(organization);
    const offer = await organization.owner.api.post(offers, { member_id: memberId }).expect(201);
    const answer = await api.get(`${offers}/${offer.body.id}`);
    await organization.owner.api.delete(`${offers}/${offer.body.id}`).expect(204);
    return granted(answer, 'not_found');
  },
};

function granted({ status, body }: { status: number; body?: { code?: string } }, refusal: string): boolean {
  if (status < 300) return true;
  if (body?.code === refusal) return false;
  throw new Error(`${status}: ${JSON.stringify(body)}`);
}
