"""`affidavit init`, and organizations, users and tokens from the shell."""

from __future__ import annotations

import getpass
import secrets
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from affidavit.cli import setup

if TYPE_CHECKING:
    from affidavit.identity.models import User
    from affidavit.identity.types import Role

organization_app = typer.Typer(
    help="Organizations: each has its own records, numbers and ledger.", no_args_is_help=True
)
user_app = typer.Typer(help="Users and their roles.", no_args_is_help=True)
token_app = typer.Typer(help="API tokens: shown once, stored hashed.", no_args_is_help=True)

RoleArgument = Annotated[str, typer.Option("--role", help="admin, auditor, reviewer or submitter.")]
PasswordStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin", help="Read the password from standard input instead of asking."
    ),
]


def init(
    organization: Annotated[
        str, typer.Option("--organization", "-O", help="Slug: lower-case letters, digits, hyphens.")
    ] = "main",
    name: Annotated[str, typer.Option(help="Name for people; the slug if empty.")] = "",
    admin: Annotated[str, typer.Option(help="Username of the first admin.")] = "admin",
    password_stdin: PasswordStdin = False,
    origin: Annotated[
        str,
        typer.Option(
            help="Name of the ledger in its checkpoints; it never changes. Default: INSTANCE/SLUG."
        ),
    ] = "",
) -> None:
    """Set up the database, an organization, its signing key and its first admin.

    Without --password-stdin a password is generated and shown once. Running it again with another
    --organization adds one; what is there stays as it is.
    """
    setup.django()
    from django.conf import settings
    from django.core.management import call_command

    from affidavit.identity.models import User
    from affidavit.identity.types import Role
    from affidavit.kit.clock import now
    from affidavit.ledger import keys
    from affidavit.records import accounts
    from affidavit.records.types import Via

    settings.ENV.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    call_command("migrate", verbosity=0, interactive=False)
    created = accounts.organization_create(
        slug=organization,
        name=name or organization,
        origin=origin or f"{settings.ENV.instance}/{organization}",
        now=now(),
    )
    vkey = keys.key_create(organization=created).vkey
    user = User.objects.filter(username=admin).first()
    password = None
    if user is None:
        password = (
            sys.stdin.readline().rstrip("\n") if password_stdin else secrets.token_urlsafe(15)
        )
        user = accounts.user_create(username=admin, password=password, now=now())
    accounts.member_set(
        organization=created, user=user, role=Role.ADMIN, by=None, via=Via.CLI, now=now()
    )
    typer.echo(f"Organization {created.slug} is ready in {settings.ENV.home.resolve()}.")
    if password and not password_stdin:
        typer.echo(f"Sign in as {admin} with this password, shown only now: {password}")
    typer.echo(f"Ledger verifier key, to publish where auditors find it: {vkey}")
    typer.echo(
        f"Back up {keys.key_path(organization=created)}: without it nothing more can be signed."
    )


@organization_app.command("list")
def organization_list() -> None:
    """List the organizations with their ledger's size."""
    setup.ready()
    from affidavit.ledger.models import Head

    for head in Head.objects.select_related("organization").order_by("organization__slug"):
        typer.echo(f"{head.organization.slug}\t{head.size} entries\t{head.organization.name}")


def _password(password_stdin: bool) -> str:
    if password_stdin:
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password (12 characters or more): ")
    if getpass.getpass("Again: ") != first:
        from affidavit.kit.errors import InvalidInput

        raise InvalidInput("The two passwords differ. Nothing was changed.")
    return first


@user_app.command("add")
def user_add(
    username: Annotated[str, typer.Argument(help="Letters, digits and . @ + - _")],
    role: RoleArgument,
    organization: setup.OrganizationOption = None,
    until: Annotated[str, typer.Option(help="End of access: an RFC 3339 time; for auditors.")] = "",
    password_stdin: PasswordStdin = False,
) -> None:
    """Add a user, or give an existing one a role in another organization."""
    setup.ready()
    from affidavit.identity.models import User
    from affidavit.identity.selectors import organization_get
    from affidavit.kit.clock import now, parse_time
    from affidavit.records import accounts
    from affidavit.records.types import Via

    target = organization_get(slug=organization)
    chosen = _role(role)
    ends = parse_time(until) if until else None
    user = User.objects.filter(username=username).first()
    if user is None:
        user = accounts.user_create(
            username=username, password=_password(password_stdin), now=now()
        )
    accounts.member_set(
        organization=target,
        user=user,
        role=chosen,
        by=None,
        via=Via.CLI,
        now=now(),
        expires_at=ends,
    )
    typer.echo(f"{username} is {chosen} in {target.slug}" + (f" until {until}." if until else "."))


def _role(text: str) -> Role:
    from affidavit.identity.types import Role
    from affidavit.kit.errors import InvalidInput

    try:
        return Role(text)
    except ValueError as error:
        raise InvalidInput(f"role {text!r}: must be one of {', '.join(Role)}") from error


@user_app.command("list")
def user_list(organization: setup.OrganizationOption = None) -> None:
    """List the members of an organization with their roles."""
    setup.ready()
    from affidavit.identity.models import Membership
    from affidavit.identity.selectors import organization_get

    members = Membership.objects.select_related("user").filter(
        organization=organization_get(slug=organization)
    )
    for member in members.order_by("user__username"):
        ends = f"\tuntil {member.expires_at.isoformat()}" if member.expires_at else ""
        typer.echo(f"{member.user.username}\t{member.role}{ends}")


@token_app.command("create")
def token_create(
    username: Annotated[str, typer.Argument(help="The user whom the token speaks for.")],
    name: Annotated[str, typer.Option(help="What the token is for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="May be given several times; default: all of the role's scopes."),
    ] = None,
    organization: setup.OrganizationOption = None,
    until: Annotated[str, typer.Option(help="When it expires: an RFC 3339 time.")] = "",
) -> None:
    """Create an API token. Its secret is printed once and can't be shown again."""
    setup.ready()
    from affidavit.identity.selectors import member_of, organization_get
    from affidavit.identity.types import Scope
    from affidavit.kit.clock import now, parse_time
    from affidavit.kit.errors import InvalidInput
    from affidavit.records import accounts
    from affidavit.records.types import Via

    target = organization_get(slug=organization)
    user = _user(username)
    unknown = set(scope or ()) - set(Scope)
    if unknown:
        raise InvalidInput(f"scope {min(unknown)!r}: must be one of {', '.join(Scope)}")
    allowed = member_of(user=user, organization=target, now=now()).scopes
    scopes = [Scope(item) for item in scope] if scope else sorted(allowed)
    _, secret = accounts.token_issue(
        organization=target, user=user, name=name, scopes=scopes, by=None, via=Via.CLI, now=now(),
        expires_at=parse_time(until) if until else None,
    )  # fmt: skip
    typer.echo(secret)
    typer.secho("Keep it safe: it is not shown again.", err=True)


def _user(username: str) -> User:
    from affidavit.identity.models import User
    from affidavit.kit.errors import NotFound

    user = User.objects.filter(username=username).first()
    if user is None:
        raise NotFound(
            f"There is no user {username!r}. Add one: affidavit user add {username} --role ROLE"
        )
    return user


@token_app.command("list")
def token_list(organization: setup.OrganizationOption = None) -> None:
    """List the tokens of an organization by their first characters."""
    setup.ready()
    from affidavit.identity.models import ApiToken
    from affidavit.identity.selectors import organization_get

    tokens = ApiToken.objects.select_related("user").filter(
        organization=organization_get(slug=organization)
    )
    for token in tokens.order_by("created_at"):
        state = "revoked" if token.revoked_at else "active"
        typer.echo(
            f"{token.prefix}…\t{token.user.username}\t{state}\t{token.name}\t{','.join(token.scopes)}"
        )


@token_app.command("revoke")
def token_revoke(
    prefix: Annotated[
        str, typer.Argument(help="The first characters, as `token list` shows them.")
    ],
    organization: setup.OrganizationOption = None,
) -> None:
    """Revoke a token with immediate effect."""
    setup.ready()
    from affidavit.identity.models import ApiToken
    from affidavit.identity.selectors import organization_get
    from affidavit.kit.clock import now
    from affidavit.kit.errors import NotFound
    from affidavit.records import accounts
    from affidavit.records.types import Via

    found = ApiToken.objects.filter(
        organization=organization_get(slug=organization), prefix=prefix.rstrip("…")
    ).first()
    if found is None:
        raise NotFound(f"There is no token {prefix!r}. List them: affidavit token list")
    accounts.token_revoke(token=found, by=None, via=Via.CLI, now=now())
    typer.echo(f"{found.name} is revoked.")
