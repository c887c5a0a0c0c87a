#!/usr/bin/env bash
# An error that a source generator reports under the tag NotConfigurable silences csc: no analyzer runs, no error in a method is reported.
#
# Seen with csc of Microsoft.Net.Compilers.Toolset 5.9.0 (NuGet) on .NET 10. The tag is documented to say that a rule's severity cannot be
# configured, and the generator leaves it as it is. But behind the generators csc ends where there is an error with this tag, before
# it binds the bodies of methods and before it starts the analyzers. The same error without the tag ends nothing. So a project with one
# such error shows the errors of its own code only once that one is mended, and the analyzers' reports are gone in between.
#
#     no generator:   CS0029
#     without tag:    ANA001 CS0029 GEN001
#     NotConfigurable: GEN001
#
# Needs the .NET 10 SDK. Exits 1 if it is no longer so, 2 if the package is not to be had.
set -euo pipefail
export LC_ALL=C DOTNET_CLI_UI_LANGUAGE=en DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# Ended from outside, it waits for what unpacks, and then removes the folder.
trap 'exit 130' INT
trap 'exit 143' TERM
export DOTNET_CLI_HOME=$tmp/home NUGET_PACKAGES=$tmp/packages
cd "$tmp"

version=5.9.0
echo '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>' >compiler.csproj
dotnet add compiler.csproj package Microsoft.Net.Compilers.Toolset --version "$version" >restore.log 2>&1 || { cat restore.log >&2; exit 2; }
compiler=$NUGET_PACKAGES/microsoft.net.compilers.toolset/$version/tasks/netcore/bincore
[[ -f $compiler/csc.dll ]] || { echo "another version than $version was restored" >&2; exit 2; }
runtime=$(dotnet --list-runtimes | sed -n 's/^Microsoft.NETCore.App \(10[^ ]*\) \[\(.*\)\]$/\2\/\1/p' | tail -n 1)
[[ -d $runtime ]] || { echo "needs .NET 10" >&2; exit 2; }
echo "csc $(dotnet "$compiler/csc.dll" -version)"

references=()
for file in "$runtime"/{System,netstandard}*.dll "$compiler"/Microsoft.CodeAnalysis{,.CSharp}.dll; do references+=("-r:$file"); done
csc() { dotnet "$compiler/csc.dll" -noconfig -nologo -target:library -langversion:14 "${references[@]}" "$@"; }

cat >extension.cs <<'CS'
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

[Generator(LanguageNames.CSharp)]
public sealed class Complaint : IIncrementalGenerator
{
#if TAGGED
    private static readonly string[] Tags = [WellKnownDiagnosticTags.NotConfigurable];
#else
    private static readonly string[] Tags = [];
#endif

    private static readonly DiagnosticDescriptor Rule =
        new("GEN001", "Complaint", "The generator's error", "Test", DiagnosticSeverity.Error, isEnabledByDefault: true, customTags: Tags);

    public void Initialize(IncrementalGeneratorInitializationContext context) =>
        context.RegisterSourceOutput(context.CompilationProvider, static (output, _) =>
            output.ReportDiagnostic(Diagnostic.Create(Rule, Location.None)));
}

[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class Remark : DiagnosticAnalyzer
{
    private static readonly DiagnosticDescriptor Rule =
        new("ANA001", "Remark", "The analyzer's warning", "Test", DiagnosticSeverity.Warning, isEnabledByDefault: true);

    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Rule];

    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterSymbolAction(static type => type.ReportDiagnostic(Diagnostic.Create(Rule, type.Symbol.Locations[0])),
            SymbolKind.NamedType);
    }
}
CS
csc -out:plain.dll extension.cs
csc -define:TAGGED -out:tagged.dll extension.cs

echo 'public class Code { public int Number() { return "text"; } }' >code.cs
ids() { { csc -out:code.dll "$@" code.cs || true; } | grep -oE '(CS|GEN|ANA)[0-9]+' | sort | tr '\n' ' '; }
none=$(ids) plain=$(ids -analyzer:plain.dll) tagged=$(ids -analyzer:tagged.dll)
printf '%-16s %s\n' 'no generator:' "$none" 'without tag:' "$plain" 'NotConfigurable:' "$tagged"

[[ $none/$plain/$tagged == 'CS0029 /ANA001 CS0029 GEN001 /GEN001 ' ]] || {
    echo "CHANGED: a generator's error with the tag NotConfigurable no longer hides just the other reports" >&2
    exit 1
}
echo "as recorded: the tag hid the error in the method and the analyzer's warning"
