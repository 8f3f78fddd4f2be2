#!/usr/bin/perl
# The release: the same bytes wherever it is made, named by the one version, with checksums and an SBOM.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Test::More;
use EIAM::Nginx qw(slurp top_dir);

plan skip_all => 'nothing that it runs has sanitizers' if $ENV{EIAM_ASAN};

my $top = top_dir();
my $dir = File::Temp->newdir;
qx(git -C '$top' rev-parse --verify -q HEAD) =~ /^\w{40}/ or plan skip_all => 'this is no checkout';

my ($version) = slurp("$top/src/core/ngx_eiam_version.h") =~ /NGX_EIAM_VERSION\s+"(\d+\.\d+\.\d+)"/;
my $name = "ngx_eiam-$version";

# (exit code, output) of a shell command.
sub run {
    my ($command) = @_;
    my $text = qx(($command) 2>&1);
    return ($? >> 8, $text);
}

is((run("git clone -q --no-hardlinks '$top' '$dir/clone'"))[0], 0, 'a clone');
is((run("cd '$dir/clone' && umask 022 && TZ=UTC .ci/dist '$dir/one'"))[0], 0, '2.8-5: a release is made');
is((run("umask 077 && TZ=Asia/Tokyo LC_ALL=C '$dir/clone/.ci/dist' '$dir/two'"))[0], 0, 'and another one, with other settings');

my @files = sort map { s{.*/}{}r } glob "$dir/one/*";
is "@files", "SHA256SUMS $name.cdx.json $name.tar.gz", 'sources, SBOM and checksums, named by the version';
ok slurp("$dir/one/$_") eq slurp("$dir/two/$_"), "2.8-5: the same bytes: $_" for @files;
is((run("cd '$dir/one' && sha256sum -c --strict SHA256SUMS"))[0], 0, 'the checksums are right');

subtest 'the sources are those of the commit' => sub {
    my (undef, $listed) = run("tar -tzf '$dir/one/$name.tar.gz' | grep -v '/\$' | sed 's|^$name/||' | sort");
    my (undef, $tracked) = run("git -C '$dir/clone' ls-files | sort");
    is $listed, $tracked, 'all files, and no other';
    my (undef, $owners) = run("tar -tvzf '$dir/one/$name.tar.gz' --numeric-owner | awk '{ print \$2 }' | sort -u");
    is $owners, "0/0\n", 'of nobody in particular';
    my (undef, $modes) = run("tar -tvzf '$dir/one/$name.tar.gz' | cut -c1-10 | sort -u | xargs");
    is $modes, "-rw-r--r-- -rwxr-xr-x drwxr-xr-x\n", 'with plain modes';
};

subtest 'the SBOM' => sub {
    my $bom = JSON::PP::decode_json(slurp("$dir/one/$name.cdx.json"));
    my $self = $bom->{metadata}{component};
    is "$bom->{bomFormat} $bom->{specVersion} $self->{name} $self->{version}", "CycloneDX 1.5 ngx_eiam $version", 'is of this version';
    like $bom->{serialNumber}, qr/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z/, 'has a serial number';
    is $self->{hashes}[0]{content}, sha256_hex(slurp("$dir/one/$name.tar.gz")), 'has the digest of the sources';
    my %known = map { ($_->{name} => $_->{scope}) } @{ $bom->{components} };
    my %asked = map { (lc) => 1 } slurp("$top/config") =~ /^ngx_feature="(\w+) library/mg;
    is_deeply [ grep { !$known{$_} } sort keys %asked ], [], 'names each library that the configuration looks for';
    is_deeply [ sort @{ $bom->{dependencies}[0]{dependsOn} } ], [ sort keys %known ], 'and depends on all of them';
};

subtest 'what is not committed' => sub {
    open my $out, '>>', "$dir/clone/README.md" or die "README.md: $!";
    print {$out} "more\n";
    close $out or die "README.md: $!";
    my ($code, $text) = run("'$dir/clone/.ci/dist' '$dir/three'");
    is $code, 0, 'is no obstacle';
    like $text, qr/not committed is left out/, 'is mentioned';
    ok slurp("$dir/one/$name.tar.gz") eq slurp("$dir/three/$name.tar.gz"), 'and not in the release';
};

my ($code, $text) = run("cp -r '$dir/clone/.ci' '$dir/bare' && GIT_CEILING_DIRECTORIES='$dir' '$dir/bare/dist' '$dir/four'");
ok $code != 0 && $text =~ /checkout/, 'outside of a checkout it fails, and says why' or diag $text;

done_testing;
