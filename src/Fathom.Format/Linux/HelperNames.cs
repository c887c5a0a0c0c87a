using System.Globalization;
using System.Text;

namespace Fathom.Format.Linux;

/// <summary>The kernel's names of helpers.</summary>
public static class HelperNames
{
    /// <summary>The name of a helper, such as <c>bpf_map_lookup_elem</c>; of a number that has none, words that say so.</summary>
    /// <param name="number">Its number, from 1 on.</param>
    public static string NameOf(int number)
    {
        if (number <= 0 || number > (int)HelperId.CgrpStorageDelete)
        {
            return "without a name " + number.ToString(CultureInfo.InvariantCulture);
        }

        var name = new StringBuilder("bpf");
        foreach (char letter in ((HelperId)number).ToString())
        {
            if (char.IsUpper(letter))
            {
                name.Append('_');
            }

            name.Append(char.ToLowerInvariant(letter));
        }

        return name.ToString();
    }
}
