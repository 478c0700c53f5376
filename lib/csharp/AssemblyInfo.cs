// SPDX-License-Identifier: MIT
// For mcs; dotnet generates these from Zinc.csproj.
using System.Reflection;

[assembly: AssemblyTitle("Zinc")]
[assembly: AssemblyDescription("Named shared memory regions that processes and devices share")]
[assembly: AssemblyVersion("1.0.0.0")]
[assembly: AssemblyFileVersion("1.0.0.0")]
