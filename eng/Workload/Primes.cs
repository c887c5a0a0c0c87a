namespace Fathom.Workloads;

/// <summary>How often functions are called.</summary>
internal static class Primes
{
    /// <summary>The prime number for a function: the first hundred primes from 2 to 541, in turn.</summary>
    public static int OfFunction(int index)
    {
        int left = index % 100;
        for (int number = 2; ; number++)
        {
            if (IsPrime(number) && left-- == 0)
            {
                return number;
            }
        }
    }

    private static bool IsPrime(int number)
    {
        for (int divisor = 2; divisor * divisor <= number; divisor++)
        {
            if (number % divisor == 0)
            {
                return false;
            }
        }

        return true;
    }
}
